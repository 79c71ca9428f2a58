"""The way from syntax positions to characters, and edits as pieces of text.

Programs are changed by splicing their text where `ast` says that something stands, so that
comments and the layout of untouched lines stay as they are.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ulmus.diffs.parsing import parse

MAX_PARENT_CHARS = 200_000
"""Longer texts are not looked at; ten times more than any program that a run would grow."""

_SHALLOW_CHARS = 8_000
"""Longer texts can be nested so deeply that one of two readers of a tree gives up."""

NEWLINE = re.compile(r"\r\n|\r|\n")
"""What Python's tokenizer takes as the end of a line."""


class Splice(NamedTuple):
    """The replacement of `source[start:stop]` by `text`; an insertion if start equals stop."""

    start: int
    stop: int
    text: str


class Change(NamedTuple):
    """One edit: the splices that belong together, and what they do in a few words."""

    splices: tuple[Splice, ...]
    note: str


def replace(start: int, stop: int, text: str, note: str) -> Change:
    """Return the change with a single splice."""
    return Change((Splice(start, stop, text),), note)


def parses(source: str) -> bool:
    """Tell whether `parse` finds a syntax tree, at a third of its price.

    Most of `parse` is making Python objects of the tree. A table of symbols is made from the same
    tree without them; it refuses more (a name both local and global), so that only its yes counts.
    """
    if len(source) > _SHALLOW_CHARS:
        return parse(source) is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            symtable.symtable(source, "program", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return parse(source) is not None
    return True


def overlap(splices: Iterable[Splice]) -> bool:
    """Tell whether any two splices touch the same text."""
    end = -1
    last_start = -1
    for start, stop, _ in sorted(splices):
        if start < end or (start == last_start and start != stop):
            return True
        end, last_start = max(end, stop), start
    return False


def apply(source: str, splices: Sequence[Splice]) -> str:
    """Return the text with splices that do not overlap; equal positions keep their order."""
    pieces = []
    position = 0
    for start, stop, text in sorted(splices, key=lambda splice: splice[:2]):
        pieces.append(source[position:start])
        pieces.append(text)
        position = stop
    pieces.append(source[position:])
    return "".join(pieces)


class Text:
    """A program text with its lines.

    Attributes:
        source: The text.
        starts: Offset of the first character of each line, and the length of the text at the end.
        newline: The line ending that the program uses.
    """

    __slots__ = ("_ascii", "newline", "source", "starts")

    def __init__(self, source: str) -> None:
        self.source = source
        ends = list(NEWLINE.finditer(source))
        self.starts = [0, *(match.end() for match in ends)]
        if self.starts[-1] != len(source) or not source:
            self.starts.append(len(source))
        self.newline = ends[0].group() if ends else "\n"
        self._ascii = source.isascii()

    @property
    def num_lines(self) -> int:
        """Number of lines, at least 1."""
        return len(self.starts) - 1

    def line(self, number: int) -> str:
        """Return line `number`, from 1, with its ending."""
        return self.source[self.starts[number - 1] : self.starts[number]]

    def offset(self, line: int, column: int) -> int:
        """Return the offset of the character at a line, from 1, and a column in UTF-8 bytes."""
        start = self.starts[line - 1]
        if self._ascii or column == 0:
            return start + column
        head = self.source[start : start + column].encode("utf-8")[:column]
        return start + len(head.decode("utf-8", "ignore"))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the offsets of the first character of a node and of the one after its last."""
        last, end = node.end_lineno, node.end_col_offset
        assert last is not None
        assert end is not None
        if self._ascii:
            starts = self.starts
            return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + end
        return self.offset(node.lineno, node.col_offset), self.offset(last, end)

    def indent(self, line: int) -> str:
        """Return the white space at the start of a line, from 1."""
        text = self.line(line)
        return text[: len(text) - len(text.lstrip(" \t\f"))]
