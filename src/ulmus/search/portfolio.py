"""Which operator makes which child: a mixture by weight."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import fsum, isfinite
from typing import Any

from ulmus.errors import ConfigError
from ulmus.operators.base import Operator, siblings_of
from ulmus.records import Program, Proposal

CallAll = Callable[[Callable[..., list[Proposal]], Sequence[tuple[Any, ...]]], list[list[Proposal]]]
"""Calls a function once per task, somewhere, and returns the results in order."""


def call_here(
    function: Callable[..., list[Proposal]], tasks: Sequence[tuple[Any, ...]]
) -> list[list[Proposal]]:
    """Call a function once per task in this process."""
    return [function(*task) for task in tasks]


@dataclass(frozen=True)
class Portfolio:
    """Operators with their weights.

    Attributes:
        operators: At least one.
        weights: One positive weight per operator; they need not sum to 1.
        call_all: Where operators that want siblings do their work, a group of siblings at a time:
            a language model costs more than all the rest of a search.
    """

    operators: tuple[Operator, ...]
    weights: tuple[float, ...]
    call_all: CallAll = field(default=call_here, compare=False)

    def __post_init__(self) -> None:
        if not self.operators or len(self.operators) != len(self.weights):
            raise ConfigError("a run needs at least one operator, and a weight for each")
        if not (all(weight > 0 for weight in self.weights) and isfinite(sum(self.weights))):
            raise ConfigError(
                f"operator weights must be positive and their sum finite, got {self.weights}"
            )

    @property
    def parentless(self) -> bool:
        """Whether no operator wants parents, so that a search needs no seeds."""
        return all(operator.arity == 0 for operator in self.operators)

    @property
    def identity(self) -> str:
        """All that can change a child, for the identity of a run."""
        pairs = zip(self.operators, self.weights, strict=True)
        return ", ".join(f"{operator.identity}={weight!r}" for operator, weight in pairs)

    def choose(
        self,
        rng: random.Random,
        only: frozenset[int] | None = None,
        weights: Sequence[float] | None = None,
    ) -> int:
        """Draw the position of an operator by weight.

        Args:
            rng: Draws.
            only: The positions to draw from; all if not given.
            weights: One per operator, in place of those of the portfolio.
        """
        by = self.weights if weights is None else weights
        places = [p for p in range(len(by)) if only is None or p in only]
        mark = rng.random() * fsum(by[place] for place in places)
        for place in places:
            mark -= by[place]
            if mark < 0:
                return place
        return places[-1]

    def propose(
        self,
        chosen: Sequence[int],
        parents: Sequence[Sequence[Program]],
        rngs: Sequence[random.Random],
        wishes: Mapping[int, str] | None = None,
    ) -> list[Proposal]:
        """Let each child be made by the operator chosen for it, in the same order.

        Args:
            chosen: Position of the operator of each child.
            parents: Parents of each child.
            rngs: Generator of each child.
            wishes: What is asked of some children, by their place in `chosen`.
        """
        wishes = wishes or {}
        proposals: dict[int, Proposal] = {}
        for position, operator in enumerate(self.operators):
            mine = [index for index, choice in enumerate(chosen) if choice == position]
            groups, siblings = [mine], siblings_of(operator)
            if siblings > 1:
                groups = [list(g) for _, g in groupby(mine, key=lambda i: _hashes(parents[i]))]
            if not operator.arity:  # all are siblings, which several workers can share
                groups = [mine[at : at + siblings] for at in range(0, len(mine), siblings)]
            tasks: list[tuple[Any, ...]] = [
                ([parents[i] for i in group], [rngs[i] for i in group]) for group in groups
            ]
            if any(index in wishes for index in mine):
                told = [[wishes[i] for i in group] for group in groups]
                tasks = [(*task, some) for task, some in zip(tasks, told, strict=True)]
            call = self.call_all if siblings > 1 else call_here
            made = [proposal for part in call(operator.propose, tasks) for proposal in part]
            proposals.update(zip(mine, made, strict=True))
        return [proposals[index] for index in range(len(chosen))]


def _hashes(programs: Sequence[Program]) -> tuple[str, ...]:
    return tuple(program.hash for program in programs)
