"""Indices that stay within their lists, so that a child does not fail for one step too far."""

from __future__ import annotations

from collections.abc import Sequence

from ulmus.operators.positions import Splice, apply
from ulmus.operators.view import Subscript, View


def around(view: View, subscript: Subscript, text: str) -> str:
    """Return an index that starts again at the front of the list: `k + 2` → `(k + 2) % len(x)`.

    Indices that are in reach for sure, or wrap around already, stay as they are.
    """
    size = view.lengths.get(view.roles.find(subscript.role), 0)
    plain = text.strip()
    modulus = f" % len({subscript.container})"
    wraps = plain.endswith(modulus) and _tight(plain.removesuffix(modulus))
    constant = plain.removeprefix("-").isdecimal() and len(plain) < 9
    if wraps or (constant and -size <= int(plain) < size):
        return text
    return (plain if _tight(plain) else f"({plain})") + modulus


def _tight(text: str) -> bool:
    """Tell whether a text is one name or number, or lies in one pair of parentheses."""
    if text.replace("_", "a").isalnum():
        return True
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1 and text[0] == "("
    return False


def keep_in_reach(view: View, splices: Sequence[Splice]) -> list[Splice]:
    """Return splices in which indices that changed wrap around at the end of their list."""
    remaining = list(splices)
    result = []
    for subscript in view.subscripts:
        start, stop, _, _ = subscript
        within = [s for s in remaining if start <= s.start and s.stop <= stop]
        if within:
            remaining = [s for s in remaining if s not in within]
            moved = [Splice(s.start - start, s.stop - start, s.text) for s in within]
            index = apply(view.source[start:stop], moved)
            result.append(Splice(start, stop, around(view, subscript, index)))
    return remaining + result
