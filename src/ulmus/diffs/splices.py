"""From the rows at which the lines of a hunk stand to the lines that are put there.

The file's own text is kept wherever a hunk has context, also if the hunk quotes it wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ulmus.diffs.edit import Hunk


@dataclass(frozen=True)
class Splice:
    """Lines [start, end) of the text, counted from 0, become `added`."""

    start: int
    end: int
    added: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A part of a hunk: its old lines [start, end) become `added`."""

    start: int
    end: int
    added: tuple[str, ...]


def steps(hunk: Hunk) -> list[Step]:
    """Return what a hunk changes, by index into `hunk.old`; what is between them is context."""
    head = len(hunk.before)
    removed = hunk.removed or ()
    if not removed or not hunk.added:
        return [Step(head, head + len(removed), hunk.added)]
    matcher = SequenceMatcher(None, removed, hunk.added, False)
    return [
        Step(head + i, head + end, hunk.added[j:new_end])
        for tag, i, end, j, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]


def splices(
    lines: Sequence[str], hunk: Hunk, found: Sequence[Step], rows: Sequence[int | None]
) -> tuple[Splice, ...] | None:
    """Return what to put where; None if an insertion could go to more than one place.

    Args:
        lines: The text.
        hunk: The hunk.
        found: Its steps.
        rows: For each line of `hunk.old` the row of the text at which it stands, rising; None
            if it does not stand there.
    """
    shift = _Shift.of(lines, hunk.old, rows)
    result: list[Splice] = []
    for step in found:
        added = shift.applied(step.added)
        gone = [row for row in rows[step.start : step.end] if row is not None]
        if gone:
            if any(lines[row].strip() for row in set(range(gone[0], gone[-1] + 1)) - set(gone)):
                return None  # the text has a line between those to remove that the hunk lacks
            result.append(Splice(gone[0], gone[-1] + 1, added))
            continue
        row = _insertion_row(rows, step.start, step.end)
        if row is None:
            return None
        if added:
            result.append(Splice(row, row, added))
    return tuple(result)


def _insertion_row(rows: Sequence[int | None], start: int, end: int) -> int | None:
    """Return the row above which lines go in between two old lines; None if it is not certain."""
    above = rows[start - 1] if start > 0 else None
    below = rows[end] if end < len(rows) else None
    if above is None:
        return below
    if below is None or below == above + 1:
        return above + 1
    return None


@dataclass(frozen=True)
class _Shift:
    """By how much a hunk is indented less than the text, the same for all of its lines."""

    prefix: str = ""
    surplus: int = 0

    @staticmethod
    def of(lines: Sequence[str], old: Sequence[str], rows: Sequence[int | None]) -> _Shift:
        """Return the shift of a hunk; none unless all its lines agree."""
        pairs = [
            (lines[row], line)
            for row, line in zip(rows, old, strict=True)
            if row is not None and line.strip()
        ]
        shifts = {_indent(own) - _indent(line) for own, line in pairs}
        if len(shifts) != 1:
            return _Shift()
        shift = shifts.pop()
        return _Shift(pairs[0][0][:shift], 0) if shift > 0 else _Shift("", -shift)

    def applied(self, added: tuple[str, ...]) -> tuple[str, ...]:
        """Return new lines with the indentation of the text."""
        if self.prefix:
            return tuple(self.prefix + line if line.strip() else line for line in added)
        if self.surplus and all(_indent(line) >= self.surplus for line in added if line.strip()):
            return tuple(line[self.surplus :] if line.strip() else line for line in added)
        return added


def _indent(line: str) -> int:
    """Return the number of blanks and tabs at the start of a line."""
    return len(line) - len(line.lstrip(" \t"))


def spliced(lines: Sequence[str], parts: Sequence[Splice]) -> list[str] | None:
    """Return the lines after all splices; None if two overlap or insert at the same place."""
    result: list[str] = []
    at = 0
    previous: Splice | None = None
    for part in sorted(parts, key=lambda part: (part.start, part.end)):
        if part.start < at or (previous and _same_place(previous, part)):
            return None
        result += [*lines[at : part.start], *part.added]
        at, previous = part.end, part
    return result + list(lines[at:])


def _same_place(one: Splice, other: Splice) -> bool:
    """Tell whether both insert above the same line."""
    return one.start == one.end == other.start == other.end
