"""Items in endless shuffled order, of which a place says what comes next."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from ulmus.seeding import generator

T = TypeVar("T")


class Shuffled(Generic[T]):
    """What the loop's `Lessons` want, but for the rows; each epoch has an order of its own."""

    def __init__(
        self,
        items: Sequence[T],
        purpose: str,
        seed: int,
        epochs: float | None,
        groups: Sequence[Hashable] | None = None,
    ):
        """Begin with the first epoch.

        Args:
            items: At least one.
            purpose: Names the order among all that the seed decides.
            seed: Of the order.
            epochs: End after so many; None sets no end.
            groups: Of each item; all groups are given equally often, and so are the items of one.
                An epoch then holds some items more than once and some not at all. None: each once.
        """
        sizes = Counter(groups or ())
        self._sums = list(accumulate(1 / sizes[group] for group in groups or ()))
        self._items = items
        self._purpose = purpose
        self._seed = seed
        self._epochs = epochs
        self._go_to(0, 0)

    def take(self, num_tokens: int, length: Callable[[T], int]) -> list[T]:
        """Return the next items, at least one, until they hold so many tokens."""
        some: list[T] = []
        total = 0
        while not some or (total < num_tokens and self.share_given < 1):
            if self._position == len(self._order):
                self._go_to(self._epoch + 1, 0)
            some.append(self._items[self._order[self._position]])
            self._position += 1
            total += length(some[-1])
        return some

    @property
    def passes(self) -> float:
        """How often all items have been given."""
        return self._epoch + self._position / len(self._items)

    @property
    def share_given(self) -> float:
        """How far the training is by its epochs, in [0, 1]."""
        return min(1.0, self.passes / self._epochs) if self._epochs else 0.0

    @property
    def place(self) -> list[int]:
        """Epoch and position."""
        return [self._epoch, self._position]

    @place.setter
    def place(self, place: Sequence[int]) -> None:
        self._go_to(*place)

    def _go_to(self, epoch: int, position: int) -> None:
        self._epoch, self._position = epoch, position
        rng, num_items = generator(self._seed, self._purpose, epoch, 0), len(self._items)
        numbers: Sequence[int] = range(num_items)
        if self._sums:  # systematic sampling: each as often as it should be, up or down to a whole
            step, first = self._sums[-1] / num_items, rng.random()
            places = (bisect(self._sums, (first + k) * step) for k in range(num_items))
            numbers = [min(place, num_items - 1) for place in places]
        self._order = rng.sample(numbers, num_items)
