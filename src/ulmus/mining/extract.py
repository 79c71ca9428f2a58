"""One repository → its samples, before duplicates over all repositories are known."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ulmus.mining import edits, licences, messages, paths, scrub, tokens, verify
from ulmus.mining.blobs import Blobs
from ulmus.mining.choice import classify
from ulmus.mining.duplicates import change_key
from ulmus.mining.edits import Candidate
from ulmus.mining.families import Kin
from ulmus.mining.funnel import Funnel
from ulmus.mining.history import Change, Commit, Repository
from ulmus.mining.options import HOLD_OUT_FROM, Options, RepositorySpec
from ulmus.mining.sample import Sample
from ulmus.mining.sources import UnfitSourceError, check_head, source_text

_BATCH = 128


@dataclass(frozen=True)
class Part:
    """What one repository gave.

    Attributes:
        repo: "OWNER/NAME".
        head: Object id at HEAD, or "".
        licence: SPDX identifiers, or "" when refused.
        refusal: Why nothing was mined, or None.
        warnings: What people should know.
        kin: What tells relatives.
        funnel: Counts.
        samples: Samples with the identity of their removed and added lines.
    """

    repo: str
    head: str
    licence: str
    refusal: str | None
    warnings: tuple[str, ...]
    kin: Kin
    funnel: Funnel
    samples: Sequence[tuple[Sample, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """A file of a commit that may become samples."""

    commit: Commit
    change: Change
    path: str
    change_class: str
    message: str
    from_head: bool


def extract(spec: RepositorySpec, name: str, options: Options) -> Part:
    """Mine one repository.

    Raises:
        RepositoryError: It cannot be read.
    """
    with Repository(spec.path) as repository, repository.blobs() as blobs:
        head = repository.head() or ""
        notes = tuple(
            note for note, holds in (
                ("shallow: the history is cut off", repository.shallow),
                ("partial clone: what is not here is left out", repository.partial),
            ) if holds
        )  # fmt: skip
        if not head:
            return _refused(name, "", "no commit at HEAD", notes)
        licence = licences.at_head(repository, blobs, spec.licence)
        if licence.refusal:
            return _refused(name, head, licence.refusal, notes)
        miner = _Miner(repository, blobs, name, licence, options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the parser thinks of other people's code
            samples = miner.run()
        kin = Kin(name, repository.roots(), frozenset(miner.pairs))
        return Part(name, head, licence.spdx, None, notes, kin, miner.funnel, samples)


def _refused(name: str, head: str, reason: str, notes: tuple[str, ...]) -> Part:
    return Part(name, head, "", reason, notes, Kin(name, (), frozenset()), Funnel(), ())


class _Miner:
    """Walks through one repository, newest commit first."""

    def __init__(
        self, repository: Repository, blobs: Blobs, name: str, licence: licences.Licence,
        options: Options,
    ) -> None:  # fmt: skip
        self.funnel = Funnel()
        self.pairs: set[int] = set()
        self._repository, self._blobs, self._name = repository, blobs, name
        self._licence, self._options = licence, options
        self._events: list[licences.LicenceEvent] = []
        self._counter = tokens.counter(options.tokenizer)
        self._max_chars = int(options.max_tokens * self._counter.most_chars)
        self._miner = options.miner
        self._origin = repository.origin

    def run(self) -> list[tuple[Sample, str]]:
        """Return the samples with their change keys."""
        found: list[tuple[Sample, str]] = []
        batch: list[Target] = []
        for commit, from_head in self._commits():
            batch += self._targets(commit, from_head)
            if len(batch) >= _BATCH:
                found += self._batch(batch)
                batch = []
        found += self._batch(batch)
        return self._with_licences(found)

    def _commits(self) -> Iterator[tuple[Commit, bool]]:
        for commit in self._repository.commits("HEAD"):
            yield commit, True
        if self._options.refs == "all":
            for commit in self._repository.commits("--all", "--not", "HEAD"):
                yield commit, False

    def _targets(self, commit: Commit, from_head: bool) -> Iterator[Target]:
        """Yield the files of a commit that may be of use; count and drop the others."""
        funnel, options = self.funnel, self._options
        funnel.keep("commits")
        event = licences.licence_event(commit.time, commit.changes, self._licence.files)
        if event and from_head:
            self._events.append(event)
        if (options.since and commit.time < options.since) or (
            options.until is not None and commit.time >= options.until
        ):
            return funnel.lose("window", "other time")
        funnel.keep("window")
        change_class, changes = classify(commit.changes, options.multi)
        if not changes:
            return funnel.lose("files", change_class)
        funnel.keep("files")
        message = messages.clean(commit.subject)
        reason = messages.refusal(message, commit.author, commit.email)
        if reason:
            return funnel.lose("message", reason)
        funnel.keep("message")
        for change in changes:
            yield from self._fit(Target(
                commit, change, change.path.decode("utf-8", "replace"), change_class, message,
                from_head,
            ))  # fmt: skip
        return None

    def _fit(self, target: Target) -> Iterator[Target]:
        reason = paths.refusal(target.path) or ("odd name" if "\ufffd" in target.path else None)
        if reason:
            return self.funnel.lose("path", reason)
        self.funnel.keep("path")
        pair = int(target.change.old[:8] + target.change.new[:8], 16)
        if pair in self.pairs:
            return self.funnel.lose("pair", "same files")
        self.pairs.add(pair)
        self.funnel.keep("pair")
        yield target
        return None

    def _batch(self, batch: Sequence[Target]) -> Iterator[tuple[Sample, str]]:
        ids = [id for target in batch for id in (target.change.new, target.change.old)]
        contents = self._blobs.read(ids)
        for target in batch:
            try:
                before = source_text(contents[target.change.old])
                after = source_text(contents[target.change.new])
                check_head(after)
            except UnfitSourceError as error:
                self.funnel.lose("text", str(error))
                continue
            self.funnel.keep("text")
            yield from self._file(target, before, after)

    def _file(self, target: Target, before: str, after: str) -> Iterator[tuple[Sample, str]]:
        found = edits.candidates(before, after, self._options.levels)
        if not found:
            self.funnel.lose("unit", "no single unit")
        for candidate in found:
            self.funnel.keep("unit")
            sample = self._sample(target, candidate)
            if sample:
                yield sample

    def _lose(self, stage: str, reason: str | None) -> bool:
        """Count a stage; tell whether the edit is lost there."""
        if reason:
            self.funnel.lose(stage, reason)
            return True
        self.funnel.keep(stage)
        return False

    def _sample(self, target: Target, found: Candidate) -> tuple[Sample, str] | None:
        """Put an edit through the filters that look at its text; None if it is lost."""
        if self._lose("shape", edits.shape_refusal(found, self._max_chars)):
            return None
        before, after = scrub.scrubbed(found.before), scrub.scrubbed(found.after)
        hunks = edits.line_hunks(before, after)
        num_changed = edits.num_changed(hunks)
        if self._lose("changed", _changed_refusal(before == after, num_changed)):
            return None
        reason, strings_only = edits.syntax_refusal(before, after)
        if self._lose("syntax", reason):
            return None
        new_lines = after.split("\n")
        added = [line for h in hunks for line in new_lines[h.new_start : h.new_end]]
        secret = scrub.secret("\n".join([before, *added, target.message]))
        if self._lose("secrets", secret):
            return None
        message = scrub.scrubbed(target.message)
        count = self._counter
        known = {"before": count.code(before), "message": count.code(message)}
        if sum(known.values()) > self._options.max_tokens:
            self.funnel.lose("tokens", "too many")
            return None
        texts = verify.rendered(before, after)
        known |= {"diff_u1": count.diff(texts.u1), "diff_u3": count.diff(texts.u3)}
        total = known["before"] + known["message"] + known["diff_u3"] + tokens.EXTRA_TOKENS
        if self._lose("tokens", "too many" if total > self._options.max_tokens else None):
            return None
        if self._lose("verified", verify.refusal(before, after, texts.u1)):
            return None
        sample = self._record(target, replace(found, before=before, after=after), message)
        details = Details(num_changed, len(hunks), edits.min_context(before, hunks), strings_only)
        return details.on(sample, known), change_key(before, after, hunks)

    def _record(self, target: Target, found: Candidate, message: str) -> Sample:
        commit, change = target.commit, target.change
        identity = (self._name, commit.id, target.path, found.unit, found.level, found.line)
        last = found.line + found.before.count("\n")
        return Sample(
            before=found.before, after=found.after, message=message, path=target.path,
            repo=self._name, family="", split="", kind=messages.kind(message),
            licence=self._licence.spdx, commit_time=commit.time, level=found.level,
            id=hashlib.sha1("\0".join(map(str, identity)).encode()).hexdigest()[:16],
            origin=self._origin, commit=commit.id, parent=commit.parent, unit=found.unit,
            lines=(found.line, last), before_blob=change.old, after_blob=change.new,
            message_raw=scrub.scrubbed_message(commit.subject),
            imperative=messages.is_imperative(message), change_class=target.change_class,
            n_files=len(commit.changes), is_test=paths.is_test(target.path), pure=found.pure,
            recent=commit.time >= HOLD_OUT_FROM, from_head=target.from_head,
            licence_file_blob=self._licence.blob, miner=self._miner,
        )  # fmt: skip

    def _with_licences(self, found: list[tuple[Sample, str]]) -> list[tuple[Sample, str]]:
        """Drop what was made under another licence; note the licence of the time."""
        past = licences.history(self._events[::-1], self._blobs, self._licence)
        kept = []
        for sample, change in found:
            if sample.commit_time < past.clean_from:
                self.funnel.lose("licence", "another licence then")
            else:
                self.funnel.keep("licence")
                kept.append(
                    (replace(sample, licence_at_commit=past.at(sample.commit_time)), change)
                )
        return kept


@dataclass(frozen=True, slots=True)
class Details:
    """What was measured on an edit."""

    changed: int
    hunks: int
    min_context: int
    strings_only: bool

    def on(self, sample: Sample, counts: dict[str, int]) -> Sample:
        """Return the sample with these figures and token counts."""
        return replace(
            sample, changed=self.changed, hunks=self.hunks, min_context=self.min_context,
            strings_only=self.strings_only, tokens=counts,
        )  # fmt: skip


def _changed_refusal(equal: bool, num_changed: int) -> str | None:
    if equal:
        return "only addresses"
    return "more than 30 lines" if num_changed > edits.MAX_CHANGED else None
