"""Choose between texts by whether they parse: what an edit would break is not meant."""

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
    if len(before) > MOST_CHARACTERS or not _parses(before):
        return None
    programs = [text for text in texts if _parses(text)]
    return programs[0] if len(programs) == 1 else None


def _parses(text: str) -> bool:
    """Tell whether a text is a Python program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an unknown escape in a string
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False  # MemoryError is how the parser reports nesting beyond its stack
    return True
