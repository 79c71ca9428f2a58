"""From runs to edits: what the map accepted is what the model should propose (paper, 3.3).

Every step that opened a cell or beat an elite gives one edit, parent to child, and all weigh the
same, as in the paper. Where a child has two parents (crossover) the first one counts, if the edit
is small. Runs are read only, and may still be going on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from ulmus.effects import Effect
from ulmus.errors import RunFormatError
from ulmus.mining.sample import Sample
from ulmus.operators.diff import FUNCTION, PAPER_MESSAGES, functions_in
from ulmus.records import Json, Measure
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import diff_told, measures_of
from ulmus.seeding import derive
from ulmus.training.lineages import HELD_OUT, Lineages, lineages_apart

AIMED = "aimed"
"""Kind of the samples whose message says what the edit did."""
UNAIMED = 0.15
"""Share of the edits that keep a message which does not say what they do, where others do."""

MAX_CHANGED = 30
"""Lines that an edit may remove and add; larger ones are exchanges, not edits."""


@dataclass(frozen=True)
class _Accepted:
    step: LoggedStep
    before: str
    after: str
    note: str
    lineage: int
    effect: str


def accepted_edits(
    folder: Path,
    *,
    seed: int = 0,
    max_changed: int = MAX_CHANGED,
    held_out: float = HELD_OUT,
    effects: bool = False,
) -> list[Sample]:
    """Return the accepted edits of a run in the order in which they were accepted.

    Args:
        folder: Of the run.
        seed: Of the messages and of the choice of what is held out. A child of an operator that
            wrote none gets one of those with which the run asks its model.
        max_changed: Largest number of removed and added lines.
        held_out: Share of the edits that get the split "val", whole lineages at a time; 1 holds
            out the run.
        effects: Let the message say what the edit did (`ulmus.effects`), but for `UNAIMED` of
            the edits.

    Raises:
        RunNotFoundError, RunFormatError: See `ulmus.errors`.
    """
    with RunLog.open_read_only(folder) as log:
        found = [
            edit
            for edit in _accepted(log, effects)
            if num_changed(edit.before, edit.after) <= max_changed
        ]
        messages = _messages_of(log.manifest)
    name = folder.resolve().name
    apart = lineages_apart([edit.lineage for edit in found], seed, held_out)
    samples = [_sample(edit, name, seed, messages, edit.lineage in apart) for edit in found]
    if not effects:
        return samples
    return [
        sample
        if derive(seed, f"unaimed/{sample.id}", 0, 0) < UNAIMED * 2**64
        else replace(sample, message=edit.effect, kind=AIMED)
        for sample, edit in zip(samples, found, strict=True)
    ]


def edits_of_runs(
    folders: Sequence[Path],
    held_out_folders: Sequence[Path] = (),
    *,
    seed: int = 0,
    effects: bool = False,
) -> list[Sample]:
    """Return the accepted edits of several runs, each change once; see `accepted_edits`.

    Runs in `held_out_folders` are held out whole; if there are none, lineages of each run are.
    """
    share = 0.0 if held_out_folders else HELD_OUT
    samples = []
    for folder in held_out_folders:
        samples += accepted_edits(folder, seed=seed, held_out=1.0, effects=effects)
    for folder in folders:
        samples += accepted_edits(folder, seed=seed, held_out=share, effects=effects)
    first: dict[tuple[str, str], Sample] = {}
    for sample in samples:
        first.setdefault((sample.before, sample.after), sample)
    return list(first.values())


def num_changed(before: str, after: str) -> int:
    """Return the number of lines that go and come, whatever their order."""
    old, new = Counter(before.split("\n")), Counter(after.split("\n"))
    return (old - new).total() + (new - old).total()


def draw_message(messages: Mapping[str, float], seed: int, key: str) -> str:
    """Return the message that belongs to an edit, by shares and by the edit alone."""
    point = derive(seed, f"message/{key}", 0, 0) / 2**64 * sum(messages.values())
    for text, share in messages.items():
        point -= share
        if point < 0:
            return text
    return list(messages)[-1]


def _accepted(log: RunLog, effects: bool) -> Iterator[_Accepted]:
    texts = dict(log.texts())
    lineages = Lineages()
    places: dict[int, tuple[int, float]] = {}
    measures = measures_of(log.manifest) if effects else ()
    for step in log.steps():
        if not step.admitted:
            continue
        parent = step.parents[0] if step.parents else None
        assert step.cell is not None  # it was admitted
        assert step.fitness is not None
        places[step.number] = (step.cell, step.fitness)
        lineage = lineages.add(step)
        child = texts.get(step.number)
        if parent is None or child is None:
            continue  # a seed, or a step that was appended after the texts were read
        before = texts[parent].source
        if before is None or child.source is None:
            raise RunFormatError(f"{log.folder}: step {step.number} was admitted without its text")
        effect = _effect(measures, places[parent], places[step.number])
        yield _Accepted(step, before, child.source, child.note, lineage, effect)


def _effect(
    measures: Sequence[Measure], before: tuple[int, float], after: tuple[int, float]
) -> str:
    return Effect.of(measures, before, after).message(measures) if measures else ""


def shares_of_effects(samples: Sequence[Sample], at_most: int = 100) -> dict[str, float]:
    """Return the messages that say what an edit does, with their shares, the most frequent ones."""
    counts = Counter(sample.message for sample in samples if sample.kind == AIMED)
    total = max(1, counts.total())
    return {text: round(count / total, 6) for text, count in counts.most_common(at_most)}


def _sample(
    edit: _Accepted, run: str, seed: int, messages: Mapping[str, float], apart: bool
) -> Sample:
    identity = hashlib.sha256(f"{edit.before}\0{edit.after}".encode("utf-8", "surrogatepass"))
    key = identity.hexdigest()
    written = edit.note if edit.step.operator.startswith("diff") else ""
    return Sample(
        before=edit.before,
        after=edit.after,
        message=written.strip() or _naming(draw_message(messages, seed, key), edit),
        path="program.py",
        repo=f"run:{run}",
        family=f"run:{run}/{edit.lineage}",
        split="val" if apart else "train",
        kind="accepted",
        licence="",
        commit_time=0,
        level="file",
        id=key[:16],
        unit=str(edit.step.number),
        changed=num_changed(edit.before, edit.after),
    )


def _messages_of(manifest: Mapping[str, Json]) -> Mapping[str, float]:
    """Return the messages that a run was told; the paper's if it does not say."""
    told = diff_told(manifest).get("messages")
    shares = told if isinstance(told, dict) else {}
    plain = {text: share for text, share in shares.items() if isinstance(share, int | float)}
    return plain or PAPER_MESSAGES


def _naming(message: str, edit: _Accepted) -> str:
    """Return a message that names the function that an edit changes first, if it is to name one."""
    if FUNCTION not in message:
        return message
    pairs = zip(edit.before, edit.after, strict=False)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    above = functions_in(edit.before[: edit.before.find("\n", alike)])
    return message.replace(FUNCTION, (above or functions_in(edit.before) or ["main"])[-1])
