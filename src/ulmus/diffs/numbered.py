"""Form "numbered": the model reads `12|line` and answers with numbers and new lines only.

    @@ 12-13        lines 12 to 13 become the lines below; none below: they are deleted
    @@ 12           the same for one line
    @@ 29+          the lines below go in after line 29; `@@ 0+` is the top

Numbers refer to the original text. A new line that itself begins with "@@" or with a number and a
bar, and an empty line at the very end, are written with a backslash in front.
"""

from __future__ import annotations

import re

from ulmus.diffs.cleaning import answer_lines, body_from, nothing_usable
from ulmus.diffs.edit import Edit, Hunk, split_lines
from ulmus.diffs.making import Change, changes
from ulmus.errors import EditFormatError

_HEADER = re.compile(
    r"@@[ \t]*([0-9]{1,9})(?:[ \t]*-[ \t]*([0-9]{1,9})|[ \t]*(\+))?[ \t]*(?:@@[ \t]*)?"
)
_NEEDS_ESCAPE = re.compile(r"\\*(?:@@|[0-9]+\|)|\\+\Z")
_ESCAPED = re.compile(r"\\+(?:@@|[0-9]+\||\Z)")
_NUMBER = re.compile(r"[0-9]+\|")


def number_lines(text: str) -> str:
    """Return a text as the model sees it: "1|first line", and so on.

    The empty line that a last newline leaves behind is not shown.
    """
    lines = split_lines(text)
    if not lines[-1]:
        lines.pop()
    return "\n".join(f"{number}|{line}" for number, line in enumerate(lines, 1))


def render_numbered(before: str, after: str) -> str:
    """Return the edit between two texts; an edit that changes nothing is an empty insertion."""
    found = changes(split_lines(before), split_lines(after))
    blocks = [line for change in found for line in _block(change)] or ["@@ 0+"]
    if not blocks[-1]:
        blocks[-1] = "\\"
    return "\n".join(blocks)


def _block(change: Change) -> list[str]:
    """Return the header and the new lines of one change."""
    if change.start == change.end:
        header = f"@@ {change.start}+"
    elif change.start + 1 == change.end:
        header = f"@@ {change.end}"
    else:
        header = f"@@ {change.start + 1}-{change.end}"
    return [header, *("\\" + x if _NEEDS_ESCAPE.match(x) else x for x in change.added)]


def parse_numbered(answer: str) -> Edit:
    """Return the edit that an answer means.

    Raises:
        EditFormatError: There is no header, a line that begins like one is none, or a range falls.
    """
    body = body_from(answer_lines(answer), _HEADER.fullmatch)
    if body is None:
        raise nothing_usable("a header such as '@@ 12-13' or '@@ 29+'", answer)
    blocks: list[tuple[str, list[str]]] = []
    for line in body:
        if _HEADER.fullmatch(line):
            blocks.append((line, []))
        elif line.startswith("@@"):
            raise EditFormatError(f"expected a header such as '@@ 12-13', came {line[:60]!r}")
        else:
            blocks[-1][1].append(line)
    hunks = (_hunk(header, lines) for header, lines in blocks)
    return Edit(tuple(hunk for hunk in hunks if hunk is not None))


def _hunk(header: str, lines: list[str]) -> Hunk | None:
    """Return the hunk of one block; None for an insertion of nothing."""
    match = _HEADER.fullmatch(header)
    assert match is not None  # the caller looked
    number = int(match[1])
    added = tuple(_plain(line) for line in _without_numbers(lines))
    if match[3]:
        return None if not added else Hunk(None, added, first=number + 1, last=number)
    last = int(match[2] or number)
    if last < number:
        raise EditFormatError(f"expected a range that rises, came {header!r}")
    return Hunk(None, added, first=number, last=last)


def _without_numbers(lines: list[str]) -> list[str]:
    """Return lines without the numbers that a model copied from the prompt, if all have them."""
    if lines and all(_NUMBER.match(line) for line in lines if line):
        return [line.partition("|")[2] for line in lines]
    return lines


def _plain(line: str) -> str:
    """Return a new line without its escape."""
    return line[1:] if _ESCAPED.match(line) else line
