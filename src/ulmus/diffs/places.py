"""Where a block of lines stands in a text."""

from __future__ import annotations

from collections.abc import Sequence

MOST_PLACES = 16
"""Places looked for; a block that stands at more is ambiguous in any case."""

MOST_LINES = 1_000_000
"""Lines of text and edit together that are still worked on."""


class LineIndex:
    """Finds blocks of lines, in time that grows with the length of the text only.

    Each distinct line becomes one character, so that a block of lines is a string and the search
    is `str.find`.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._codes: dict[str, str] = {}
        codes = self._codes
        self._text = "".join([codes.setdefault(line, chr(len(codes))) for line in lines])

    def places(self, block: Sequence[str]) -> list[int]:
        """Return the first lines, from 0, of the places where a block stands, at most 16."""
        codes = [self._codes.get(line) for line in block]
        if not codes or None in codes:
            return []
        wanted = "".join(code for code in codes if code is not None)
        found: list[int] = []
        at = self._text.find(wanted)
        while at >= 0 and len(found) < MOST_PLACES:
            found.append(at)
            at = self._text.find(wanted, at + 1)
        return found

    def is_unique(self, start: int, end: int) -> bool:
        """Tell whether lines [start, end) of the text stand nowhere else in it."""
        wanted = self._text[start:end]
        return bool(wanted) and self._text.find(wanted) == start == self._text.rfind(wanted)


def without_whitespace(line: str) -> str:
    """Return a line without its whitespace: the key under which re-indented lines are equal."""
    return "".join(line.split())
