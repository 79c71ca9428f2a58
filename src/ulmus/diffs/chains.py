"""Chains of pairs (line of a hunk, line of the text) that rise in both, by score."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set
from dataclasses import dataclass
from heapq import nlargest

LEAST_SCORE = 0.7
MARGIN = 0.05
"""Two places whose scores, from 0 to 1, differ by less are taken for equally good."""

GAP_COST = 0.1
"""Score, in lines, that each line of the text costs that a chain skips."""

LONGEST_GAP = 8
"""Lines that a chain may skip at once, in the hunk or in the text."""

MOST_CHAINS = 20


@dataclass(frozen=True)
class Pair:
    """Line `old` of the hunk may be line `row` of the text, which is worth `gain` lines."""

    old: int
    row: int
    gain: float


class ChainSearch:
    """Finds the chains of pairs with the highest scores."""

    def __init__(self, pairs: list[list[Pair]], needed: Set[int], total: float) -> None:
        """Take pairs by old line, each list with rising rows.

        Args:
            pairs: For each old line its pairs.
            needed: Old lines that must be in a chain.
            total: The score of a hunk that the text holds literally.
        """
        self._pairs = pairs
        self._rows = [[pair.row for pair in found] for found in pairs]
        self._total = total
        self._num_needed_above = [0]
        for index in range(len(pairs)):
            self._num_needed_above.append(self._num_needed_above[-1] + (index in needed))
        self._value: dict[Pair, float] = {}
        self._link: dict[Pair, Pair | None] = {}

    def best(self) -> list[list[Pair]]:
        """Return the best chain and those about as good, at most 20, one for each last pair."""
        for found in self._pairs:
            for pair in found:
                self._extend(pair)
        ends = [pair for pair in self._value if not self._needed(pair.old + 1, len(self._pairs))]
        top = nlargest(MOST_CHAINS, ends, key=self._value.__getitem__)
        if not top or self._value[top[0]] < LEAST_SCORE * self._total:
            return []
        least = self._value[top[0]] - MARGIN * self._total
        return [self._chain(pair) for pair in top if self._value[pair] >= least]

    def _needed(self, start: int, end: int) -> int:
        """Return how many of the old lines [start, end) must be in a chain."""
        return self._num_needed_above[end] - self._num_needed_above[start]

    def _extend(self, pair: Pair) -> None:
        """Note the best chain that ends in a pair, if there is one."""
        best: float | None = None if self._needed(0, pair.old) else 0.0
        link = None
        for index in range(max(0, pair.old - 1 - LONGEST_GAP), pair.old):
            if self._needed(index + 1, pair.old):
                continue
            low = bisect_left(self._rows[index], pair.row - 1 - LONGEST_GAP)
            high = bisect_left(self._rows[index], pair.row)
            for above in self._pairs[index][low:high]:
                if above not in self._value:
                    continue
                gap = pair.row - above.row - 1
                surplus = max(0, gap - (pair.old - above.old - 1))
                value = self._value[above] - GAP_COST * surplus
                if best is None or value > best:
                    best, link = value, above
        if best is not None:
            self._value[pair] = best + pair.gain
            self._link[pair] = link

    def _chain(self, last: Pair) -> list[Pair]:
        """Return the chain that ends in a pair, top first."""
        chain: list[Pair] = []
        pair: Pair | None = last
        while pair is not None:
            chain.append(pair)
            pair = self._link[pair]
        return chain[::-1]
