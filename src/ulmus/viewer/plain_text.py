"""Text of programs and operators made safe to print in a terminal."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """Return text in which nothing can move the cursor, recolour or reorder what is printed.

    Controls, direction marks and lone surrogates of a program become escapes; line ends and tabs
    stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _harmless(character) else _escaped(character) for character in text)


def _harmless(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Zl",
        "Zp",
    }


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
