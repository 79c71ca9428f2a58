"""Decides whether a repository may be mined, and from when on.

All licences found in the root licence files must be on the list of `licence_texts.ALLOWED`; without
such a file the packaging metadata decide. Relicensed projects are mined only from the first commit
after which the licence stays on the list.
"""

from __future__ import annotations

import bisect
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ulmus.mining.blobs import Blobs
from ulmus.mining.history import Change, Entry, Repository
from ulmus.mining.licence_texts import ALLOWED, classes, metadata_classes

_LICENCE_FILE = re.compile(
    r"(?:un)?licen[cs]es?(?:[._-].*)?$|.*[._-]licen[cs]e(?:\.\w+)?$|copying(?:[._-].*)?$",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"external|third|3rd|vendor|bundle|fonts?\b|docs?\b|deps|depend|\.py[ciw]?$|\.spdx$|header|template",
    re.IGNORECASE,
)
_METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO")
_STUB = re.compile(r"[\w./-]*(?:licen[cs]e|copying)[\w./-]*", re.IGNORECASE)
_MAX_STUB = 400
_LINK = "120000"


@dataclass(frozen=True)
class Licence:
    """What a repository says about its licence at HEAD.

    Attributes:
        spdx: Identifiers joined by " AND "; "" when refused.
        refusal: Why the repository is not mined, or None.
        blob: Object id of the (first) licence text, or "".
        source: Where it stands: a path, "metadata" or "by hand".
        files: Root paths whose history is to be watched.
    """

    spdx: str
    refusal: str | None = None
    blob: str = ""
    source: str = ""
    files: frozenset[str] = frozenset()


def is_licence_file(path: str) -> bool:
    """Tell whether a root file states the licence of the project itself."""
    return "/" not in path and bool(_LICENCE_FILE.match(path)) and not _FOREIGN.search(path)


def at_head(repository: Repository, blobs: Blobs, by_hand: str | None = None) -> Licence:
    """Read the licence of a repository at HEAD.

    Args:
        repository: The open repository.
        blobs: Its contents.
        by_hand: SPDX identifier that somebody vouches for; accepted as it is.
    """
    root = repository.tree()
    texts = _Texts(repository, blobs)
    entries = [entry for entry in root if is_licence_file(entry.path)]
    files = frozenset(entry.path for entry in entries)
    if by_hand:
        return Licence(by_hand, None, entries[0].blob if entries else "", "by hand", files)
    if any(entry.mode == "040000" for entry in entries):
        folder = [e for e in entries if e.mode == "040000"]
        entries = [e for e in entries if e.mode != "040000"]
        entries = entries or [e for f in folder for e in repository.tree(f.path + "/")]
    resolved = [texts.of(entry) for entry in entries]
    metadata = _metadata(root, blobs)
    files |= {text.path for text in resolved if text}
    found = {id for text in resolved if text for id in classes(text.text)}
    if not found and entries and not any(text and text.text.strip() for text in resolved):
        return Licence("", "licence file leads nowhere", entries[0].blob, entries[0].path, files)
    return _judge(entries, found, metadata, files)


def _judge(
    entries: Sequence[Entry], found: set[str], metadata: frozenset[str], files: frozenset[str]
) -> Licence:
    blob, source = (entries[0].blob, entries[0].path) if entries else ("", "metadata")
    named = found or metadata
    bad = sorted((found | metadata) - ALLOWED)
    if bad:
        return Licence("", f"not on the list: {', '.join(bad)}", blob, source, files)
    if not named:
        reason = "licence text not recognised" if entries else "no licence found"
        return Licence("", reason, blob, source, files)
    source = source if found else "metadata"
    return Licence(" AND ".join(sorted(named)), None, blob, source, files)


def _metadata(root: Sequence[Entry], blobs: Blobs) -> frozenset[str]:
    ids = [entry.blob for entry in root if entry.path in _METADATA_FILES]
    texts = blobs.read(ids).values()
    return frozenset(id for text in texts if text for id in metadata_classes(_decode(text)))


@dataclass(frozen=True)
class _Text:
    path: str
    text: str


class _Texts:
    """Follows symbolic links and one-line stubs inside the repository."""

    def __init__(self, repository: Repository, blobs: Blobs) -> None:
        self._repository = repository
        self._blobs = blobs

    def of(self, entry: Entry, depth: int = 4) -> _Text | None:
        """Return the licence text behind an entry; None when it leads nowhere."""
        data = self._blobs.read([entry.blob])[entry.blob]
        if data is None or depth == 0:
            return None
        text = _decode(data)
        folder = posixpath.dirname(entry.path)
        if entry.mode == _LINK:
            return self._at(posixpath.join(folder, text.strip()), depth)
        if len(text) <= _MAX_STUB and not classes(text):
            for word in _STUB.findall(text):
                target = posixpath.normpath(posixpath.join(folder, word.strip("./")))
                followed = self._at(target, depth) if target != entry.path else None
                if followed:
                    return followed
        return _Text(entry.path, text)

    def _at(self, path: str, depth: int) -> _Text | None:
        path = posixpath.normpath(path)
        if path.startswith(("/", "..")) or not path:
            return None
        found = self._repository.tree(path)
        return self.of(found[0], depth - 1) if found and found[0].path == path else None


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


@dataclass(frozen=True, slots=True)
class LicenceEvent:
    """A commit that changed licence files: path → object id, "" for deleted."""

    time: int
    files: Mapping[str, str]


def licence_event(
    time: int, changes: Iterable[Change], watched: frozenset[str]
) -> LicenceEvent | None:
    """Return what a commit did to licence files, if anything."""
    files = {}
    for change in changes:
        path = change.path.decode("utf-8", "replace")
        if (path in watched or is_licence_file(path)) and change.new_mode in (
            0,
            0o100644,
            0o100755,
        ):
            files[path] = change.new if change.new_mode else ""
    return LicenceEvent(time, files) if files else None


@dataclass(frozen=True)
class LicenceHistory:
    """Which licence held when, oldest first.

    Attributes:
        clean_from: Commits of this time (UTC seconds) and later may be taken.
        times: When the licence changed.
        names: What it was from then on.
        head: What it is now.
    """

    clean_from: int
    times: Sequence[int]
    names: Sequence[str]
    head: str

    def at(self, time: int) -> str:
        """Return the SPDX identifiers at a time; those of HEAD where nothing was stated yet."""
        index = bisect.bisect_right(self.times, time) - 1
        return self.names[index] if index >= 0 and self.names[index] else self.head


def history(events: Sequence[LicenceEvent], blobs: Blobs, licence: Licence) -> LicenceHistory:
    """Fold the licence events of a repository, oldest first.

    A text that is not recognised counts as bad, unless it is a stub or the licence was given by
    hand.
    """
    files: dict[str, str] = {}
    times: list[int] = []
    names: list[str] = []
    clean_from, bad = 0, False
    for event in events:
        files.update(event.files)
        ids = [id for id in files.values() if id]
        stubs = {id for id, data in blobs.read(ids).items() if data and len(data) <= _MAX_STUB}
        grants = [(id, _classes_of(id, blobs)) for id in ids]
        found = [some for id, some in grants if some or id not in stubs]
        union = frozenset(name for some in found for name in some)
        unknown = bool(found) and not union and licence.source != "by hand"
        was_bad, bad = bad, bool(union - ALLOWED) or unknown
        if bad:
            clean_from = event.time + 1
        elif was_bad:
            clean_from = max(clean_from, event.time)
        times.append(max(event.time, times[-1] if times else 0))
        names.append("" if bad else " AND ".join(sorted(union)))
    return LicenceHistory(clean_from, times, names, licence.spdx)


def _classes_of(blob: str, blobs: Blobs) -> frozenset[str]:
    data = blobs.read([blob])[blob]
    return classes(_decode(data)) if data else frozenset()
