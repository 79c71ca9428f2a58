"""The key/value cache: pages of tokens that texts share, and that outlive the call.

A page holds the keys and values of `PAGE` tokens for all layers. Pages that are full and lie in
prompts are remembered by the tokens up to their end, so that the next prompt that starts alike
finds them computed. What is remembered is bounded; the page unused for longest goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from ulmus.models.architecture import Architecture
from ulmus.models.kernels import PAGE
from ulmus.models.weights import padded_head

Array = np.ndarray[Any, np.dtype[Any]]

SPARE = 0
"""The page that padding rows write to."""

_FIRST_PAGES = 16


class Pages:
    """The pool of pages: which are in use, which are remembered, which are free.

    Attributes:
        keys: (P, L, E, D, PAGE) float32, see `kernels.score`.
        values: (P, L, E, W / PAGE, PAGE, PAGE) float32, see `kernels.mix`.
    """

    def __init__(self, shape: Architecture, remembered_bytes: int) -> None:
        """Set up an empty pool.

        Args:
            shape: The model.
            remembered_bytes: Most memory for pages that no running text uses.
        """
        page = (shape.layers, shape.groups)
        self._key_shape = (*page, shape.head_width, PAGE)
        self._value_shape = (*page, padded_head(shape) // PAGE, PAGE, PAGE)
        self.keys: Array = np.zeros((_FIRST_PAGES, *self._key_shape), np.float32)
        self.values: Array = np.zeros((_FIRST_PAGES, *self._value_shape), np.float32)
        self.page_bytes = (self.keys.nbytes + self.values.nbytes) // _FIRST_PAGES
        self._most_remembered = remembered_bytes // self.page_bytes
        self._free = list(range(_FIRST_PAGES - 1, SPARE, -1))
        self._users = {SPARE: 1}
        self._page_of: OrderedDict[bytes, int] = OrderedDict()
        self._name_of: dict[int, bytes] = {}

    def reset(self) -> None:
        """Forget all texts, for a caller that was interrupted."""
        self._free = list(range(len(self.keys) - 1, SPARE, -1))
        self._users = {SPARE: 1}
        self._page_of.clear()
        self._name_of.clear()

    @property
    def num_used(self) -> int:
        """Number of pages that running texts hold."""
        return sum(1 for count in self._users.values() if count) - 1

    @property
    def num_remembered(self) -> int:
        """Number of pages that are remembered, in use or not."""
        return len(self._page_of)

    def take(self) -> int:
        """Return a page for private use."""
        if not self._free:
            self._grow()
        page = self._free.pop()
        self._users[page] = 1
        return page

    def copy(self, page: int) -> int:
        """Return a private page with the content of another."""
        fresh = self.take()
        self.keys[fresh] = self.keys[page]
        self.values[fresh] = self.values[page]
        return fresh

    def hold(self, page: int) -> None:
        """Count one more user of a page."""
        self._users[page] = self._users.get(page, 0) + 1

    def release(self, page: int) -> None:
        """Count one user less; a page without users is free unless it is remembered."""
        self._users[page] -= 1
        if not self._users[page]:
            del self._users[page]
            if page not in self._name_of:
                self._free.append(page)
            self._forget_oldest()

    def find(self, tokens: Array, most: int) -> list[int]:
        """Return the remembered pages that hold the start of a text; the caller holds them.

        Args:
            tokens: (n,) int32, the text.
            most: Most tokens that the pages may cover.
        """
        found = []
        for end in range(PAGE, most + 1, PAGE):
            page = self._page_of.get(tokens[:end].tobytes())
            if page is None:
                break
            found.append(page)
            self.hold(page)
        for index in range(len(found) - 1, -1, -1):  # later pages go first when it gets tight
            self._page_of.move_to_end(tokens[: (index + 1) * PAGE].tobytes())
        return found

    def remember(self, tokens: Array, page: int) -> None:
        """Remember a full page by the text up to its end."""
        name = tokens.tobytes()
        if name not in self._page_of:
            self._page_of[name] = page
            self._page_of.move_to_end(name, last=True)
            self._name_of[page] = name

    def _forget_oldest(self) -> None:
        excess = len(self._page_of) - self._most_remembered
        if excess <= 0:
            return
        idle = [name for name, page in self._page_of.items() if page not in self._users]
        for name in idle[:excess]:
            page = self._page_of.pop(name)
            del self._name_of[page]
            self._free.append(page)

    def _grow(self) -> None:
        """Double the pool."""
        size = len(self.keys)
        keys = np.zeros((2 * size, *self._key_shape), np.float32)
        values = np.zeros((2 * size, *self._value_shape), np.float32)
        keys[:size], values[:size] = self.keys, self.values
        self.keys, self.values = keys, values
        self._free.extend(range(2 * size - 1, size - 1, -1))
