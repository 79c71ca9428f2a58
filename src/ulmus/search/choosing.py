"""Who a child comes from, by which operator, and with which wish.

Everything is drawn from the child's own address, its batch and its index, so a batch may be cut
anywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from ulmus.grid import cell_of
from ulmus.operators.base import siblings_of, wishes_of
from ulmus.records import Measure, Placement, Program
from ulmus.search.aiming import Aim
from ulmus.search.archive import Archive, Elite
from ulmus.search.bandit import Bandit
from ulmus.search.portfolio import Portfolio
from ulmus.seeding import generator


@dataclass(frozen=True)
class Choice:
    """How a child is made.

    Attributes:
        operator: Place of its operator in the portfolio.
        parents: What the operator gets, as many as it wants.
        wish: What its edit is to do, if the operator can be told.
    """

    operator: int
    parents: tuple[Elite, ...]
    wish: str | None


class Chooser:
    """Chooses operators by their shares, and parents uniformly from the occupied cells."""

    def __init__(
        self, measures: Sequence[Measure], portfolio: Portfolio, seed: int, adapt: bool
    ) -> None:
        """Set up.

        Args:
            measures: The axes of the map.
            portfolio: The operators with their weights.
            seed: Seed of the run.
            adapt: Let the shares of the operators follow what their children come to.
        """
        self._measures = measures
        self._portfolio = portfolio
        self._seed = seed
        self._aims = [Aim(wishes_of(operator), measures) for operator in portfolio.operators]
        siblings = [siblings_of(operator) for operator in portfolio.operators]
        self._block = max(siblings)  # children whose operators are chosen together
        self._alone = frozenset(place for place, count in enumerate(siblings) if count == 1)
        names = [operator.name for operator in portfolio.operators]
        self._bandit = Bandit(names, portfolio.weights) if adapt else None

    def choose(self, number: int, index: int, parents: Archive) -> Choice:
        """Return how the child at an index of a batch is made from a map of possible parents."""
        draw = generator(self._seed, "select", number, index)
        place = self._operator(number, index, draw, parents)
        operator = self._portfolio.operators[place]
        siblings = siblings_of(operator)
        if self._bandit is not None:
            draw = self._parent_draw(number, index - index % siblings)
        elif siblings > 1:
            draw = generator(self._seed, f"parent {operator.name}", number, index // siblings)
        picks = [int(draw.random() * len(parents)) for _ in range(operator.arity)]
        elites = tuple(parents.nth(pick) for pick in picks)
        wish = None
        if self._aims[place]:
            rng = generator(self._seed, "aim", number, index)
            cell = cell_of(self._measures, elites[0].measures)
            wish = self._aims[place].choose(parents, cell, elites[0].fitness, rng)
        return Choice(place, elites, wish)

    def shares(self, parents: Archive) -> dict[str, float]:
        """Return the share of each operator by name, the mean over parents; empty if fixed."""
        if self._bandit is None:
            return {}
        found = [self._bandit.shares(elite.program) for _, elite in parents]
        found = found or [self._bandit.shares(None)]
        total: dict[str, float] = {}
        for operator, some in zip(self._portfolio.operators, zip(*found, strict=True), strict=True):
            total[operator.name] = total.get(operator.name, 0.0) + fsum(some) / len(some)
        return total

    def note(
        self,
        number: int,
        operator: str,
        parents: Sequence[str],
        placement: Placement,
        program: Program | None,
    ) -> None:
        """Remember what became of a child; it counts once `show` has come to its batch."""
        if self._bandit is not None:
            self._bandit.note(number, operator, parents, placement, program)

    def show(self, last_batch: int) -> None:
        """Let the children of the batches up to this one count."""
        if self._bandit is not None:
            self._bandit.show(last_batch)

    def _operator(self, number: int, index: int, draw: random.Random, parents: Archive) -> int:
        """Return the operator of a child.

        A language model reads a parent once for all its siblings, so a block of indices is its
        own or it gets none of them: a share of 5 % is a block of 16 now and then, not a child here
        and there whose parent is read for it alone. If shares adapt, they are those for the parent
        of the child, and those for the parent of its first child for a block.
        """
        weights = self._weights(number, index, parents)
        if self._block == 1:
            return self._portfolio.choose(draw, weights=weights)
        block = generator(self._seed, "block", number, index // self._block)
        shared = self._weights(number, index - index % self._block, parents)
        place = self._portfolio.choose(block, weights=shared)
        if siblings_of(self._portfolio.operators[place]) > 1:
            return place
        return self._portfolio.choose(draw, only=self._alone, weights=weights)

    def _weights(self, number: int, index: int, parents: Archive) -> Sequence[float] | None:
        """Return the shares that a child's operator is drawn by; None for those of the start."""
        if self._bandit is None:
            return None
        if not len(parents):
            return self._bandit.shares(None)
        pick = int(self._parent_draw(number, index).random() * len(parents))
        return self._bandit.shares(parents.nth(pick).program)

    def _parent_draw(self, number: int, index: int) -> random.Random:
        """Return what draws the parents if shares adapt: they are known before the operator is."""
        return generator(self._seed, "parent", number, index)
