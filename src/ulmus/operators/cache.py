"""Views of the programs that were looked at last: parents recur."""

from __future__ import annotations

from collections import OrderedDict

from ulmus.operators.positions import MAX_PARENT_CHARS
from ulmus.operators.reader import look
from ulmus.operators.view import View

_CACHE_CHARS = 2_000_000
"""Text of the programs whose views are kept: the elites of a map of a thousand cells or more, so
that each is looked at once. A view takes about 70 bytes per character (measured), 140 MB in all.
"""


class ViewCache:
    """Views of the programs that were looked at last."""

    def __init__(self, capacity_chars: int) -> None:
        """Set up an empty cache that keeps views of so many characters of program text."""
        self._capacity = capacity_chars
        self._kept: OrderedDict[str, View | None] = OrderedDict()
        self._size = 0

    def view(self, source: str) -> View | None:
        """Return the view of a program, None if it does not parse."""
        if source in self._kept:
            self._kept.move_to_end(source)
            return self._kept[source]
        seen = look(source)
        self._kept[source] = seen
        self._size += len(source)
        while self._size > self._capacity and len(self._kept) > 1:
            dropped, _ = self._kept.popitem(last=False)
            self._size -= len(dropped)
        return seen


VIEWS = ViewCache(_CACHE_CHARS)
"""The views that all operators of a process share; a view depends on its text alone."""


def refusal_of(source: str) -> str:
    """Return why a program has no view."""
    return "parent is too long" if len(source) > MAX_PARENT_CHARS else "parent does not parse"
