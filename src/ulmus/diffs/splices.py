"""From the rows at which the lines of a hunk stand to the lines that are put there.

The file's own text is kept wherever a hunk has context, also if the hunk quotes it wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product

from ulmus.diffs.edit import Hunk, Step
from ulmus.diffs.making import changes

MOST_WAYS = 8
"""Ways to place an edit between which `parsing` is asked to decide."""


@dataclass(frozen=True)
class Splice:
    """Lines [start, end) of the text, counted from 0, become `added`."""

    start: int
    end: int
    added: tuple[str, ...]


def steps(hunk: Hunk) -> Sequence[Step]:
    """Return the single changes of a hunk, top first."""
    if hunk.steps is not None:
        return hunk.steps
    head = len(hunk.before)
    return [
        Step(head + change.start, head + change.end, change.added)
        for change in changes(hunk.removed or (), hunk.added)
    ]


def splices(
    lines: Sequence[str], hunk: Hunk, found: Sequence[Step], rows: Sequence[int | None]
) -> list[tuple[Splice, ...]]:
    """Return what to put where: one way, or several where an insertion could go to two places.

    There is none if the text has a line between those to remove that the hunk lacks, or if
    nothing around an insertion stands in the text.

    Args:
        lines: The text.
        hunk: The hunk.
        found: Its steps.
        rows: For each line of `hunk.old` the row of the text at which it stands, rising; None
            if it does not stand there.
    """
    shift = _Shift.of(lines, hunk.old, rows)
    options: list[list[Splice]] = []
    for step in found:
        added = shift.applied(step.added)
        gone = [row for row in rows[step.start : step.end] if row is not None]
        if not gone:
            places = _insertion_rows(rows, step.start, step.end)
            options.append([Splice(row, row, added) for row in places])
        elif any(lines[row].strip() for row in _between(gone)):
            return []
        else:
            options.append([Splice(gone[0], gone[-1] + 1, added)])
    return list(islice(product(*options), MOST_WAYS))


def _between(rows: list[int]) -> set[int]:
    """Return the rows between the first and the last of some that are not among them."""
    return set(range(rows[0], rows[-1] + 1)).difference(rows)


def _insertion_rows(rows: Sequence[int | None], start: int, end: int) -> list[int]:
    """Return the rows above which lines may go in that stand between two old lines."""
    above = rows[start - 1] if start > 0 else None
    below = rows[end] if end < len(rows) else None
    places = {row for row in (None if above is None else above + 1, below) if row is not None}
    return sorted(places)


@dataclass(frozen=True)
class _Shift:
    """By how much a hunk is indented less than the text, the same for all of its lines.

    Attributes:
        prefix: What its lines lack.
        surplus: Characters that they have too many.
        sure: More than one line agrees, so that the new lines are off as well.
        old_indent: Smallest indentation of the old lines, as the hunk has them.
    """

    prefix: str = ""
    surplus: int = 0
    sure: bool = False
    old_indent: int = 0

    @staticmethod
    def of(lines: Sequence[str], old: Sequence[str], rows: Sequence[int | None]) -> _Shift:
        """Return the shift of a hunk; none unless all its lines agree."""
        pairs = [
            (lines[row], line)
            for row, line in zip(rows, old, strict=True)
            if row is not None and line.strip()
        ]
        shifts = {_indent(own) - _indent(line) for own, line in pairs}
        shift = shifts.pop() if len(shifts) == 1 else 0
        if not shift:
            return _Shift()
        old_indent = min(_indent(line) for _, line in pairs)
        prefix = pairs[0][0][:shift] if shift > 0 else ""
        return _Shift(prefix, max(0, -shift), len(pairs) > 1, old_indent)

    def applied(self, added: tuple[str, ...]) -> tuple[str, ...]:
        """Return new lines with the indentation of the text.

        If only one old line is there to tell, new lines that already have the indentation of the
        text rather than that of the old line stay as they are.
        """
        indents = [_indent(line) for line in added if line.strip()]
        shift = len(self.prefix) - self.surplus
        if not shift or not indents:
            return added
        least = min(indents)
        own_indent = self.old_indent + shift
        if least < self.surplus:
            return added
        if not self.sure and abs(least - own_indent) < abs(least - self.old_indent):
            return added
        return tuple(self.prefix + line[self.surplus :] if line.strip() else line for line in added)


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
