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
    if "%" in plain or (plain.isdigit() and int(plain) < size):
        return text
    inner = plain if plain.replace("_", "a").isalnum() else f"({plain})"
    return f"{inner} % len({subscript.container})"


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
