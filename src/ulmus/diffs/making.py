"""From two texts to the edit between them.

Common head and tail are trimmed, then `difflib` matches the middle, which gives hunks as people
would write them. Long or very repetitive middles would cost it minutes, so they are first cut at
lines that occur once in both texts (the idea of "patience" diffs, Bram Cohen).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ulmus.diffs.edit import Edit, Hunk, Step, split_lines

LONG_MIDDLE = 400
"""Lines of both middles together; below it `difflib` took at most 20 ms on the worst texts tried
(every second line changed, every line the same)."""

MAX_PAIRS = 20_000
"""Pairs of equal lines in a piece that `difflib` is still asked to match."""

CONTEXT = 3
"""Lines of context that an edit carries on each side, as `git diff` shows."""


@dataclass(frozen=True)
class Change:
    """Lines [start, end) of the old text become `added`; line numbers from 0."""

    start: int
    end: int
    added: tuple[str, ...]


def make(before: str, after: str, message: str = "") -> Edit:
    """Return the edit that turns one text into the other, with few and small hunks.

    Args:
        before: The old text.
        after: The new text.
        message: What the edit is meant to do.
    """
    old = split_lines(before)
    found = changes(old, split_lines(after))
    ends = [0, *(change.end for change in found)]
    starts = [*(change.start for change in found[1:]), len(old)]
    hunks = (
        (
            _hunk(old, change, low, high)
            for change, low, high in zip(found, ends[: len(found)], starts, strict=True)
        )
        if found
        else ()
    )
    return Edit(tuple(hunks), message)


def _hunk(old: list[str], change: Change, low: int, high: int) -> Hunk:
    """Return a change with its context, taken from the unchanged lines within [low, high)."""
    before = tuple(old[max(low, change.start - CONTEXT) : change.start])
    step = Step(len(before), len(before) + change.end - change.start, change.added)
    return Hunk(
        removed=tuple(old[change.start : change.end]),
        added=change.added,
        before=before,
        after=tuple(old[change.end : min(high, change.end + CONTEXT)]),
        first=change.start + 1,
        steps=(step,),
    )


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return the changes between two lists of lines, top first, never touching each other."""
    head, tail = _common_ends(old, new)
    middle = _changes(old, new, head, len(old) - tail, head, len(new) - tail)
    return _joined([change for change in middle if change.end > change.start or change.added])


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many lines the two share at the top and, of the rest, at the bottom."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _changes(
    old: Sequence[str], new: Sequence[str], low: int, high: int, new_low: int, new_high: int
) -> Iterator[Change]:
    """Yield the changes within old[low:high] and new[new_low:new_high]."""
    if high - low + new_high - new_low <= LONG_MIDDLE:
        yield from _short_changes(old, new, low, high, new_low, new_high)
        return
    anchors = _anchors(old[low:high], new[new_low:new_high])
    at, new_at = low, new_low
    for i, j in [*((low + i, new_low + j) for i, j in anchors), (high, new_high)]:
        yield from _short_changes(old, new, at, i, new_at, j)
        at, new_at = i + 1, j + 1


def _short_changes(
    old: Sequence[str], new: Sequence[str], low: int, high: int, new_low: int, new_high: int
) -> Iterator[Change]:
    """Yield the changes that `difflib` finds, or one for all where it would take too long."""
    left, right = old[low:high], new[new_low:new_high]
    head, tail = _common_ends(left, right)
    left, right = left[head : len(left) - tail], right[head : len(right) - tail]
    low += head
    if not left or not right or _too_many_pairs(left, right):
        yield Change(low, low + len(left), tuple(right))
        return
    for tag, i, end, j, new_end in SequenceMatcher(None, left, right, False).get_opcodes():
        if tag != "equal":
            yield Change(low + i, low + end, tuple(right[j:new_end]))


def _too_many_pairs(left: Sequence[str], right: Sequence[str]) -> bool:
    """Tell whether matching two pieces would take too long."""
    if len(left) + len(right) > 10 * LONG_MIDDLE:
        return True
    counts = Counter(left)
    return sum(counts[line] for line in right) > MAX_PAIRS


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of equal lines that occur once in both, in an order that rises in both."""
    once = _occurring_once(old)
    new_once = _occurring_once(new)
    pairs = [(i, new_once[line]) for line, i in once.items() if line in new_once]
    return _longest_rising(pairs)


def _occurring_once(lines: Sequence[str]) -> dict[str, int]:
    """Return the place of each line that occurs once, top first."""
    counts = Counter(lines)
    return {line: i for i, line in enumerate(lines) if counts[line] == 1}


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of pairs, which rise in their first number, that rises in both."""
    ends: list[int] = []  # smallest last number of a rising part, by its length
    last: list[int] = []  # the pair that has it
    previous: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [index]
        previous.append(last[length - 1] if length else -1)
    rising = []
    index = last[-1] if last else -1
    while index >= 0:
        rising.append(pairs[index])
        index = previous[index]
    return rising[::-1]


def _joined(found: list[Change]) -> list[Change]:
    """Return changes with those that touch each other made one."""
    joined: list[Change] = []
    for change in found:
        if joined and joined[-1].end == change.start:
            above = joined.pop()
            change = Change(above.start, change.end, above.added + change.added)
        joined.append(change)
    return joined
