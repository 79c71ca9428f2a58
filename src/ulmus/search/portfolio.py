"""Which operator makes which child: a fixed mixture by weight."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ulmus.errors import ConfigError
from ulmus.operators.base import Operator
from ulmus.records import Program, Proposal


@dataclass(frozen=True)
class Portfolio:
    """Operators with their weights.

    Attributes:
        operators: At least one.
        weights: One positive weight per operator; they need not sum to 1.
    """

    operators: tuple[Operator, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.operators or len(self.operators) != len(self.weights):
            raise ConfigError("a run needs at least one operator, and a weight for each")
        if not (all(weight > 0 for weight in self.weights) and isfinite(sum(self.weights))):
            raise ConfigError(
                f"operator weights must be positive and their sum finite, got {self.weights}"
            )

    @property
    def identity(self) -> str:
        """All that can change a child, for the identity of a run."""
        pairs = zip(self.operators, self.weights, strict=True)
        return ", ".join(f"{operator.identity}={weight!r}" for operator, weight in pairs)

    def choose(self, rng: random.Random) -> int:
        """Draw the position of an operator."""
        mark = rng.random() * sum(self.weights)
        for position, weight in enumerate(self.weights):
            mark -= weight
            if mark < 0:
                return position
        return len(self.weights) - 1

    def propose(
        self,
        chosen: Sequence[int],
        parents: Sequence[Sequence[Program]],
        rngs: Sequence[random.Random],
    ) -> list[Proposal]:
        """Let each child be made by the operator chosen for it, in the same order."""
        proposals: dict[int, Proposal] = {}
        for position, operator in enumerate(self.operators):
            mine = [index for index, choice in enumerate(chosen) if choice == position]
            made = operator.propose([parents[i] for i in mine], [rngs[i] for i in mine])
            proposals.update(zip(mine, made, strict=True))
        return [proposals[index] for index in range(len(chosen))]
