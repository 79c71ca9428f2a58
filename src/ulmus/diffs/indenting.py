"""Indentation that fits the place: small models often begin a block too deep or too shallow."""

from __future__ import annotations

from dataclasses import replace

from ulmus.diffs.edit import Edit, Hunk, split_lines


def fit_indentation(text: str, edit: Edit) -> Edit:
    """Return an edit whose blocks begin as deep as the lines that they replace.

    Only blocks that line numbers alone place are moved, each as a whole; a block that replaces
    nothing is taken as deep as the line above it, one level deeper below a line that ends with a
    colon. Blocks without a place in the text stay as they are.

    Args:
        text: The text that the edit is for.
        edit: The edit, as it was written.
    """
    lines = split_lines(text)
    return replace(edit, hunks=tuple(_fitted(lines, hunk) for hunk in edit.hunks))


def _fitted(lines: list[str], hunk: Hunk) -> Hunk:
    first, last = hunk.first, hunk.last
    head = next((line for line in hunk.added if line.strip()), None)
    if hunk.removed is not None or first is None or last is None or head is None:
        return hunk
    if not 1 <= first <= last + 1 <= len(lines) + 1:
        return hunk
    wanted = _depth(lines, first, last)
    if wanted is None:
        return hunk
    shift = wanted - _indent(head)
    return replace(hunk, added=tuple(_shifted(line, shift) for line in hunk.added))


def _depth(lines: list[str], first: int, last: int) -> int | None:
    """Return the indentation at a place, in spaces; None if there is nothing to go by."""
    for line in lines[first - 1 : last]:
        if line.strip():
            return _indent(line)
    for line in reversed(lines[: first - 1]):
        if line.strip():
            return _indent(line) + (4 if line.rstrip().endswith(":") else 0)
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(line: str, shift: int) -> str:
    """Return a line moved by so many spaces, never beyond the margin."""
    if not line.strip():
        return line
    return " " * max(0, _indent(line) + shift) + line.lstrip(" ")
