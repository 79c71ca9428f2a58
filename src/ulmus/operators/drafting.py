"""What holds of an answer while a model writes it: programs that may begin so, edits that may."""

from __future__ import annotations

import warnings
from codeop import (  # type: ignore[attr-defined]
    PyCF_ALLOW_INCOMPLETE_INPUT,
    PyCF_DONT_IMPLY_DEDENT,
)
from dataclasses import dataclass
from typing import Literal

from ulmus.diffs import apply
from ulmus.diffs.edit import Edit, split_lines
from ulmus.diffs.prompts import Layout
from ulmus.errors import EditFormatError
from ulmus.operators.positions import MAX_PARENT_CHARS
from ulmus.operators.soundness import bound_names, fault, unbound_names
from ulmus.records import Standing

_FLAGS = PyCF_ALLOW_INCOMPLETE_INPUT | PyCF_DONT_IMPLY_DEDENT

State = Literal["whole", "open", "inside", "broken"]


def state_of(text: str) -> State:
    """Return what a text that ends with a line is, as the begin of a Python program.

    Returns:
        "whole" if it is a program; "open" if an indented line must come; "inside" if a statement
        that has begun must go on: within brackets or quotes, after a backslash, before `except`;
        "broken" if no program begins so.
    """
    complaint = _complaint(text)
    if complaint is None:
        return "whole"
    if complaint != "incomplete input":
        return "broken"
    last = text.rstrip().rpartition("\n")[2]
    body = " " * (len(last) - len(last.lstrip()) + 1) + "pass\n"
    return "open" if _complaint(text + body) is None else "inside"


def _complaint(text: str) -> str | None:
    """Return what the compiler says of a text, None if nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "program", "exec", _FLAGS, dont_inherit=True)
        except SyntaxError as error:
            return error.msg
        except (ValueError, RecursionError, MemoryError) as error:
            return type(error).__name__
    return None


@dataclass(frozen=True)
class ProgramCheck:
    """Looks at an answer that goes on with a program.

    Attributes:
        before: Text of the program before the answer.
        attempts: See `LineCheck`.
    """

    before: str
    attempts: int

    def standing(self, text: str, *, ended: bool) -> Standing:
        """Return whether a program may begin as this does; see `LineCheck`."""
        whole = self.before + text
        if len(whole) > MAX_PARENT_CHARS:
            return "undecided"
        state = state_of(whole + "\n" * ended)
        if state == "whole" or (state == "open" and not ended):
            return "held"
        return "undecided" if state == "inside" and not ended else "broken"


@dataclass(frozen=True)
class EditCheck:
    """Looks at an answer that is an edit by line numbers.

    Attributes:
        parent: Text of the program that is edited.
        layout: Of the answer; its form is "numbered".
        attempts: See `LineCheck`.
    """

    parent: str
    layout: Layout
    attempts: int

    def standing(self, text: str, *, ended: bool) -> Standing:
        """Return whether the parent's child may begin as this does; see `LineCheck`.

        An edit holds so far if the child is a program with the lines that there are. A name that
        neither child nor parent binds breaks it; one that the parent bound may be a name whose
        other places are still to be changed.
        """
        if not ended and text[:-1].rpartition("\n")[2].startswith("@@"):
            return "undecided"  # so that with its first line the place is drawn again
        try:
            edit = self.layout.read(text)
        except EditFormatError:
            return "broken" if ended else "undecided"
        child = apply(self.parent, edit, tolerant=False).text
        if child is None:
            return "broken"
        if ended:
            return "broken" if fault(self.parent, child) or child == self.parent else "held"
        unbound = unbound_names(child, hasty=True)
        whole = unbound is not None
        if unbound is None:
            begin = _begin(self.parent, child, edit)
            if state_of(begin) == "broken":
                return "broken"
            unbound = unbound_names(begin, hasty=True) or frozenset()
        new = unbound - (unbound_names(self.parent) or frozenset())
        if new - bound_names(self.parent):
            return "broken"
        return "held" if whole and not new else "undecided"


def _begin(parent: str, child: str, edit: Edit) -> str:
    """Return a child up to the last line that its edit has brought so far."""
    if not edit.hunks or edit.hunks[-1].last is None:
        return ""
    rest = len(split_lines(parent)) - edit.hunks[-1].last
    lines = split_lines(child)
    return "".join(line + "\n" for line in lines[: len(lines) - rest])
