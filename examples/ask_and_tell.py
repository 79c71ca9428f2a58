"""The search as a library: you evaluate as you like, ulmus asks and is told.

python examples/ask_and_tell.py
"""

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ulmus.records import Evaluation, Measure, Program, Proposal
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import Portfolio

MEASURES = (Measure("sum", "", 0, 100, 20), Measure("largest", "", 0, 50, 20))


@dataclass(frozen=True)
class ChangeOneNumber:
    """An operator on texts that are lists of numbers."""

    name = "change-one"
    identity = "change-one/1"
    arity = 1
    replayable = True

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        return [self._propose(parent, rng) for (parent,), rng in zip(parents, rngs, strict=True)]

    def _propose(self, parent: Program, rng: random.Random) -> Proposal:
        numbers = ast.literal_eval(parent.source)
        numbers[rng.randrange(len(numbers))] = rng.randrange(50)
        return Proposal(self.name, (parent.hash,), Program(repr(numbers)))


def evaluate(program: Program) -> Evaluation:
    """Reward lists whose numbers differ."""
    numbers = ast.literal_eval(program.source)
    return Evaluation(float(len(set(numbers))), (sum(numbers), max(numbers)))


def main() -> None:
    portfolio = Portfolio((ChangeOneNumber(),), (1.0,))
    search = MapElites(MEASURES, portfolio, [Program("[1, 1, 1, 1]")], seed=1)
    for _ in range(50):
        batch = search.ask()
        search.tell(batch, [evaluate(program) for program in batch.programs])
    print(f"{len(search.archive)} cells, QD score {search.archive.qd_score:.0f}")


if __name__ == "__main__":
    main()
