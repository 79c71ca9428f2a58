"""Form "search-replace": blocks with the old lines and the new ones, as aider asks for them.

    <<<<<<< SEARCH
    old lines, with the smallest context that makes their place unique
    =======
    new lines
    >>>>>>> REPLACE

A line of the program that looks like one of the three marks is written with a backslash in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ulmus.diffs.cleaning import answer_lines, body_from, nothing_usable
from ulmus.diffs.edit import Edit, Hunk, split_lines
from ulmus.diffs.making import Change, changes
from ulmus.diffs.places import LineIndex
from ulmus.errors import EditFormatError

_SEARCH = re.compile(r"<{5,9}[ \t]*SEARCH[ \t:]*")
_DIVIDER = re.compile(r"={5,9}[ \t]*")
_REPLACE = re.compile(r">{5,9}[ \t]*REPLACE[ \t:]*")
_MARK = re.compile(r"(?:<{5,9}[ \t]*SEARCH[ \t:]*|={5,9}[ \t]*|>{5,9}[ \t]*REPLACE[ \t:]*)\Z")
_NEEDS_ESCAPE = re.compile(r"\\*" + _MARK.pattern)
_ESCAPED = re.compile(r"\\+" + _MARK.pattern)


def render_blocks(before: str, after: str) -> str:
    """Return the edit between two texts; an edit that changes nothing is an empty block."""
    old = split_lines(before)
    found = changes(old, split_lines(after))
    if not found:
        return "\n".join(_block((), ()))
    lines: list[str] = []
    for low, high, group in _unique_ranges(old, found):
        lines.extend(_block(old[low:high], _new_lines(old, low, high, group)))
    return "\n".join(lines)


def _block(search: Sequence[str], replace: Sequence[str]) -> list[str]:
    """Return the lines of one block."""
    return [
        "<<<<<<< SEARCH",
        *map(_escaped, search),
        "=======",
        *map(_escaped, replace),
        ">>>>>>> REPLACE",
    ]


def _escaped(line: str) -> str:
    """Return a line of the program as it stands in a block."""
    return "\\" + line if _NEEDS_ESCAPE.match(line) else line


def _plain(line: str) -> str:
    """Return a line of a block without its escape."""
    return line[1:] if _ESCAPED.match(line) else line


def _unique_ranges(old: list[str], found: list[Change]) -> list[tuple[int, int, list[Change]]]:
    """Return the lines [low, high) that each block shows, with the changes within."""
    index = LineIndex(old)
    ranges: list[tuple[int, int, list[Change]]] = []
    for change in found:
        low, high, group = change.start, change.end, [change]
        low, high = _unique_range(index, low, high, len(old))
        while ranges and ranges[-1][1] > low:
            above_low, above_high, above = ranges.pop()
            above.extend(group)
            low, high, group = min(low, above_low), max(high, above_high), above
        ranges.append((low, high, group))
    return ranges


def _unique_range(index: LineIndex, low: int, high: int, num_lines: int) -> tuple[int, int]:
    """Return lines widened above and below in turn until they stand at one place only."""
    step, turn = 1, 0
    while not index.is_unique(low, high):
        if turn % 2 == 0 and low > 0:
            low = max(0, low - step)
        else:
            high = min(num_lines, high + step)
        turn += 1
        step = 1 if turn < 16 else 2 * step
    return low, high


def _new_lines(old: list[str], low: int, high: int, group: list[Change]) -> list[str]:
    """Return what lines [low, high) become."""
    lines: list[str] = []
    at = low
    for change in group:
        lines += [*old[at : change.start], *change.added]
        at = change.end
    return lines + old[at:high]


def parse_blocks(answer: str) -> Edit:
    """Return the edit that an answer means; text around the blocks is ignored.

    The last block may lack its last mark; a block that ends before its middle mark is dropped.

    Raises:
        EditFormatError: There is no block with a middle mark.
    """
    body = body_from(answer_lines(answer), _SEARCH.fullmatch)
    if body is None:
        raise nothing_usable("a line '<<<<<<< SEARCH'", answer)
    hunks: list[Hunk] = []
    complete = False
    search: list[str] | None = None
    replace: list[str] | None = None
    for line in [*body, ">>>>>>> REPLACE"]:
        if _SEARCH.fullmatch(line):
            search, replace = [], None
        elif search is not None and replace is None and _DIVIDER.fullmatch(line):
            replace = []
        elif _REPLACE.fullmatch(line):
            complete = complete or replace is not None
            hunks.extend(_hunks(search, replace))
            search = replace = None
        elif replace is not None:
            replace.append(_plain(line))
        elif search is not None:
            search.append(_plain(line))
    if not complete:
        raise EditFormatError("expected a line '=======' after '<<<<<<< SEARCH', came none")
    return Edit(tuple(hunks))


def _hunks(search: list[str] | None, replace: list[str] | None) -> list[Hunk]:
    """Return the hunk of a block, in a list that is empty outside blocks and if nothing changes."""
    if search is None or replace is None or search == replace:
        return []
    return [hunk_of(search, replace)]


def hunk_of(old: Sequence[str], new: Sequence[str]) -> Hunk:
    """Return the hunk that turns lines into others; equal lines at the ends are its context."""
    shorter = min(len(old), len(new))
    head = tail = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Hunk(
        removed=tuple(old[head : len(old) - tail]),
        added=tuple(new[head : len(new) - tail]),
        before=tuple(old[:head]),
        after=tuple(old[len(old) - tail :]),
    )
