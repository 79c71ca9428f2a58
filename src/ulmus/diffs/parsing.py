"""Whether a text is a Python program, and which of several is: an edit means no broken one."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection

MOST_CHARACTERS = 100_000


def only_program(before: str, texts: Collection[str]) -> str | None:
    """Return the one text that parses; None if there is not exactly one.

    Args:
        before: The text before the edit; if it does not parse, nothing can be told.
        texts: What it may become.
    """
    if len(before) > MOST_CHARACTERS or parse(before) is None:
        return None
    programs = [text for text in texts if parse(text) is not None]
    return programs[0] if len(programs) == 1 else None


def parse(source: str) -> ast.Module | None:
    """Return the syntax tree of a program, or None if it has none, whatever the reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an unknown escape in a string
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # MemoryError is how the parser reports nesting beyond its stack
