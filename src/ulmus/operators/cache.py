"""Views of the programs that were looked at last: parents recur."""

from __future__ import annotations

from collections import OrderedDict

from ulmus.operators.positions import MAX_PARENT_CHARS
from ulmus.operators.reader import look
from ulmus.operators.view import View

_CACHE_CHARS = 6_000_000
"""Text of the programs whose views are kept: all elites of a full map of 1,728 cells with texts of
up to 3,000 characters, so that each is looked at once. With a third of it a map of 1,400 cells no
longer fitted, and a child cost 4.0 ms of processor time instead of 1.2. A view takes about 70
bytes per character, 420 MB at most; a Sodarace map needs about half of that.
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
