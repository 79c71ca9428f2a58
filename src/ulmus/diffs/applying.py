"""Apply an edit to a text: exactly if possible, else tolerantly, and never at a guessed place.

A hunk is looked for literally, then with whitespace ignored, then by alignment (`aligning`). At
the first of these that finds places there must be exactly one, or exactly one that fits its number,
or lies between the hunks around it, or leaves a Python program that parses; else the whole edit is
refused. Refused edits have a reason out of few, the constants below.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from math import prod
from typing import Final

from ulmus.diffs.aligning import Aligner, TooLong
from ulmus.diffs.edit import Edit, Hunk, join_lines, split_lines
from ulmus.diffs.parsing import only_program
from ulmus.diffs.places import MOST_LINES, LineIndex, without_whitespace
from ulmus.diffs.splices import MOST_WAYS, Splice, spliced, splices, steps

NOT_FOUND: Final = "place not found"
AMBIGUOUS: Final = "place ambiguous"
NO_CONTEXT: Final = "no context to place it by"
OUT_OF_RANGE: Final = "line out of range"
OUT_OF_ORDER: Final = "blocks out of order"
OVERLAP: Final = "hunks overlap"
TOO_LONG: Final = "too long"

MOST_MORE_PLACES = 10_000
"""Possible places of the hunks of an edit, beyond one for each."""


@dataclass(frozen=True)
class Applied:
    """An edit that applied.

    Attributes:
        text: The new text.
        exact: Tell whether every hunk stood there literally.
    """

    text: str
    exact: bool


@dataclass(frozen=True)
class Refused:
    """An edit that did not apply; the text stays as it was.

    Attributes:
        reason: A short phrase out of few, for counting.
        detail: Which hunk, for people.
        text: None, so that `.text` can be asked of every result.
    """

    reason: str
    detail: str = ""
    text: None = None


@dataclass(frozen=True)
class _Place:
    """A possible place of a hunk: what goes where, and whether the hunk stood there literally."""

    parts: tuple[Splice, ...]
    exact: bool

    @property
    def row(self) -> int:
        """Return the first row that is touched."""
        return self.parts[0].start if self.parts else 0

    @property
    def end(self) -> int:
        """Return the row behind the last that is touched."""
        return self.parts[-1].end if self.parts else 0


def apply(text: str, edit: Edit, *, tolerant: bool = True) -> Applied | Refused:
    """Return the text after an edit, or why it does not apply. Never raises, whatever comes.

    Args:
        text: The text to change.
        edit: The edit; all of it applies or nothing.
        tolerant: Whether to look further than for the literal lines of the edit.
    """
    if edit.text is not None:
        return Applied(edit.text, exact=True)
    lines = split_lines(text)
    size = sum(len(hunk.old) + len(hunk.added) for hunk in edit.hunks)
    if len(lines) + size > MOST_LINES:
        return Refused(TOO_LONG, f"{len(lines)} lines of text, {size} of edit")
    finder = _Finder(lines, tolerant)
    found: list[list[_Place]] = []
    num_places = 0
    for number, hunk in enumerate(edit.hunks, 1):
        places = finder.places(hunk)
        if isinstance(places, Refused):
            return replace(places, detail=f"hunk {number} of {len(edit.hunks)}: {places.detail}")
        found.append(places)
        num_places += len(places)
        if num_places > len(edit.hunks) + MOST_MORE_PLACES:
            return Refused(TOO_LONG, f"{num_places} places for {number} hunks")
    return _applied(lines, edit.hunks, found, tolerant)


def _applied(
    lines: list[str], hunks: Sequence[Hunk], found: list[list[_Place]], tolerant: bool
) -> Applied | Refused:
    """Return the text with each hunk at its place, if each has one and they do not collide."""
    left = _narrowed(found)
    open_hunks = [index for index, places in enumerate(left) if len(places) > 1]
    if not open_hunks:
        return _text(lines, hunks, [places[0] for places in left])
    number = open_hunks[0]
    detail = f"hunk {number + 1}: {len(left[number])} places, {_head(hunks[number])}"
    if tolerant and prod(map(len, left)) <= MOST_WAYS:
        ways = [_text(lines, hunks, list(chosen)) for chosen in product(*left)]
        texts = {way.text for way in ways if way.text is not None}
        only = only_program(join_lines(lines), texts)
        if only is not None:
            return Applied(only, exact=False)
    return Refused(AMBIGUOUS, detail)


def _text(lines: list[str], hunks: Sequence[Hunk], chosen: Sequence[_Place]) -> Applied | Refused:
    """Return the text with each hunk at a place."""
    if _out_of_order(hunks, chosen):
        return Refused(OUT_OF_ORDER, "line numbers must rise")
    result = spliced(lines, [part for place in chosen for part in place.parts])
    if result is None:
        return Refused(OVERLAP, f"{len(hunks)} hunks")
    return Applied(join_lines(result), exact=all(place.exact for place in chosen))


def _narrowed(found: list[list[_Place]]) -> list[list[_Place]]:
    """Return the places of hunks, of those with several the ones between their neighbours.

    Neighbours are the nearest hunks above and below that have one place only.
    """
    lows, highs = [0], [sys.maxsize]
    for places in found:
        lows.append(places[0].end if len(places) == 1 else lows[-1])
    for places in reversed(found):
        highs.append(places[0].row if len(places) == 1 else highs[-1])
    bounds = zip(lows, highs[-2::-1], found, strict=False)
    return [
        places
        if len(places) == 1
        else [place for place in places if low <= place.row < high] or places
        for low, high, places in bounds
    ]


def _out_of_order(hunks: Sequence[Hunk], chosen: Sequence[_Place]) -> bool:
    """Tell whether hunks that numbers alone place do not rise."""
    rows = [place.row for hunk, place in zip(hunks, chosen, strict=True) if hunk.removed is None]
    return any(low > high for low, high in pairwise(rows))


def _head(hunk: Hunk) -> str:
    """Return the first line of a hunk for a message."""
    line = next((line for line in (*(hunk.removed or ()), *hunk.old) if line.strip()), "")
    return f"near {line[:60]!r}"


class _Finder:
    """Finds the places of hunks in one text."""

    def __init__(self, lines: list[str], tolerant: bool) -> None:
        self._lines = lines
        self._tolerant = tolerant
        self._exact = LineIndex(lines)
        self._loose: LineIndex | None = None
        self._aligner: Aligner | None = None

    def places(self, hunk: Hunk) -> list[_Place] | Refused:
        """Return the places at which a hunk can stand, at least one, or why there is none."""
        if hunk.removed is None:
            return self._by_number(hunk)
        if not hunk.old:
            return self._without_context(hunk)
        starts = self._at_number(hunk) or self._exact.places(hunk.old)
        if starts:
            return [self._literal(hunk, start) for start in starts]
        if not self._tolerant:
            return Refused(NOT_FOUND, _head(hunk))
        return self._loose_places(hunk) or self._aligned(hunk)

    def _by_number(self, hunk: Hunk) -> list[_Place] | Refused:
        """Return the place that the numbers of a hunk give."""
        first, last = hunk.first or 0, hunk.last or 0
        if not (1 <= first <= last + 1 and last <= len(self._lines)):
            return Refused(OUT_OF_RANGE, f"lines {first} to {last} of {len(self._lines)}")
        return [_Place((Splice(first - 1, last, hunk.added),), exact=True)]

    def _without_context(self, hunk: Hunk) -> list[_Place] | Refused:
        """Return the place of new lines for which nothing but perhaps a number says where."""
        first = 1 if self._lines == [""] else hunk.first
        if first is None:
            return Refused(NO_CONTEXT, f"{len(hunk.added)} new lines")
        if not 1 <= first <= len(self._lines) + 1:
            return Refused(OUT_OF_RANGE, f"line {first} of {len(self._lines)}")
        return [_Place((Splice(first - 1, first - 1, hunk.added),), exact=True)]

    def _at_number(self, hunk: Hunk) -> list[int]:
        """Return the row that the number of a hunk names, if the hunk stands there."""
        if hunk.first is None:
            return []
        start = hunk.first - 1 - len(hunk.before)
        stands = start >= 0 and tuple(self._lines[start : start + len(hunk.old)]) == hunk.old
        return [start] if stands else []

    def _literal(self, hunk: Hunk, start: int) -> _Place:
        """Return the place of a hunk that stands literally from a row on."""
        start += len(hunk.before)
        part = Splice(start, start + len(hunk.removed or ()), hunk.added)
        return _Place((part,), exact=True)

    def _loose_places(self, hunk: Hunk) -> list[_Place]:
        """Return the places at which a hunk stands but for whitespace."""
        if self._loose is None:
            self._loose = LineIndex(self._keys)
        starts = self._loose.places([without_whitespace(line) for line in hunk.old])
        found = steps(hunk) if starts else ()
        return [
            _Place(parts, exact=False)
            for start in starts
            for parts in splices(self._lines, hunk, found, range(start, start + len(hunk.old)))
        ]

    def _aligned(self, hunk: Hunk) -> list[_Place] | Refused:
        """Return the places at which most lines of a hunk stand."""
        if self._aligner is None:
            self._aligner = Aligner(self._lines, self._keys)
        try:
            ways = self._aligner.ways(hunk)
        except TooLong:
            return Refused(TOO_LONG, _head(hunk))
        if not ways:
            return Refused(NOT_FOUND if ways is None else AMBIGUOUS, _head(hunk))
        return [_Place(parts, exact=False) for parts in ways]

    @cached_property
    def _keys(self) -> list[str]:
        """Return the lines without their whitespace."""
        return [without_whitespace(line) for line in self._lines]
