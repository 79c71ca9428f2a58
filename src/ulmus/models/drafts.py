"""Programs that grow line by line, and go back a line when no Python program can begin like that.

Rejection sampling with short ways back: a line that cannot be is drawn again, what stands before
it stays. Of the lines that may follow, each keeps its share. Scholak et al. 2021 (PICARD, arXiv
2109.05093) reject single tokens likewise; Python's own compiler tells only at the end of a line.
"""

from __future__ import annotations

import warnings
from codeop import (  # type: ignore[attr-defined]
    PyCF_ALLOW_INCOMPLETE_INPUT,
    PyCF_DONT_IMPLY_DEDENT,
)
from typing import Literal

from ulmus.models.answers import Answer

_FLAGS = PyCF_ALLOW_INCOMPLETE_INPUT | PyCF_DONT_IMPLY_DEDENT
_MAX_CHARS = 50_000  # of a program; a longer one is not looked at any more

State = Literal["whole", "open", "inside", "broken"]


def state_of(text: str) -> State:
    """Return what a text that ends with a line is, as the begin of a Python program.

    Returns:
        "whole" if it is a program; "open" if an indented line must come; "inside" if a statement
        that has begun must go on: within brackets or quotes, after a backslash, before `except`;
        "broken" if no program begins so.
    """
    fault = _fault(text)
    if fault is None:
        return "whole"
    if fault != "incomplete input":
        return "broken"
    last = text.rstrip().rpartition("\n")[2]
    body = " " * (len(last) - len(last.lstrip()) + 1) + "pass\n"
    return "open" if _fault(text + body) is None else "inside"


def _fault(text: str) -> str | None:
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


class Draft:
    """How much of one answer holds, and how often what comes next was drawn."""

    def __init__(self, before: str, attempts: int) -> None:
        """Begin an answer.

        Args:
            before: Text of the program before the answer.
            attempts: How often a line is drawn at most until it holds; the last one is kept, and
                nothing is looked at behind it.
        """
        self._before = before
        self._attempts = attempts
        self._left = attempts
        self._seen = 0
        self._held = 0
        self.times_back = 0
        """How often the answer went back."""

    def goes_back(self, answer: Answer) -> bool:
        """Cut an answer behind its last line that held if it must go back; tell whether it did.

        To be called after each token.
        """
        text = answer.text_so_far
        end = len(text) if answer.ended else text.rfind("\n") + 1
        if not self._left or not (answer.ended or end > self._seen):
            return False
        self._seen = end
        whole = self._before + text[:end]
        if len(whole) > _MAX_CHARS:
            self._left = 0
            return False
        state = state_of(whole + "\n" * answer.ended)
        if state == "inside" and not answer.ended:
            return False
        if state == "whole" or (state == "open" and not answer.ended):
            self._held, self._left = answer.num_tokens, self._attempts
            return False
        self._left -= 1
        if not self._left:
            return False
        self.times_back += 1
        answer.cut(self._held)
        self._seen = answer.text_so_far.rfind("\n") + 1
        return True
