"""Which edits are the same edit: over all repositories, the oldest commit wins.

Three keys, as docs/mining.md says: the pair of files, the pair of texts, and the
removed and added lines without white space and digits. Forks are found by the first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from ulmus.mining.edits import LineHunk
from ulmus.mining.sample import Sample

_NOISE = re.compile(r"[\s\d]+")


def change_key(before: str, after: str, hunks: Sequence[LineHunk]) -> str:
    """Return the identity of an edit's removed and added lines, white space and digits aside."""
    old, new = before.split("\n"), after.split("\n")
    removed = "\n".join("\n".join(old[h.start : h.end]) for h in hunks)
    added = "\n".join("\n".join(new[h.new_start : h.new_end]) for h in hunks)
    return text_key(_NOISE.sub("", removed), _NOISE.sub("", added))


def text_key(before: str, after: str) -> str:
    """Return the identity of a pair of texts."""
    joined = f"{len(before)} {before}\0{after}"
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Seen:
    """Remembers edits and tells what a new one repeats."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._origins: dict[str, tuple[str, str]] = {}

    def repeats(self, sample: Sample, change: str) -> str | None:
        """Return what the sample repeats, or None; then it is remembered."""
        blobs = f"{sample.before_blob}{sample.after_blob}{sample.level}{sample.unit}"
        origin = (sample.repo, sample.commit)
        if sample.before_blob and self._origins.setdefault(blobs, origin) != origin:
            return "same files"
        texts = "t" + text_key(sample.before, sample.after)
        if texts in self._keys:
            return "same before and after"
        if change in self._keys:
            return "same lines"
        self._keys.update((texts, change))
        return None


def oldest_first(samples: Sequence[tuple[Sample, str]]) -> Iterator[tuple[Sample, str]]:
    """Yield samples with their change keys, the oldest first, ties by identity."""
    order = {"func": 0, "method": 1, "mini": 2}
    yield from sorted(
        samples,
        key=lambda pair: (pair[0].commit_time, order.get(pair[0].level, 3), pair[0].repo,
                          pair[0].commit, pair[0].path, pair[0].unit),
    )  # fmt: skip
