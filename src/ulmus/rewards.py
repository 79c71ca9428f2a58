"""What programs are worth on several terrains, on the executor and sandbox of the search."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from ulmus.catalogue import make_problem, make_sandbox
from ulmus.evaluate import Evaluator
from ulmus.experiment import prepare, prepare_part
from ulmus.records import Program
from ulmus.workers import local_executor


class TerrainScores:
    """Scores pairs of a program and a terrain; all of a batch are at work at once.

    Equal pairs of a batch are evaluated once. To be used in a `with` statement.
    """

    def __init__(
        self,
        problem: str,
        options: Mapping[str, Any],
        terrains: Sequence[str],
        *,
        sandbox: str = "wasm",
        workers: int = 0,
    ) -> None:
        """Make the problem of each terrain.

        Args:
            problem: Name of a problem with an option `terrain`.
            options: Its other options.
            terrains: Names of the terrains, at least one.
            sandbox: Name of the sandbox.
            workers: Worker processes; 0 evaluates in this process.

        Raises:
            ConfigError: There is no such problem, option, terrain or sandbox.
        """
        self._problems = {
            name: make_problem(problem, {**options, "terrain": name}) for name in terrains
        }
        self._sandbox = make_sandbox(sandbox)
        first = next(iter(self._problems.values()))
        files = (problem.rpartition(":")[0],) if ".py:" in problem else ()
        self._evaluator = Evaluator(first, self._sandbox, partial(local_executor, workers, files))

    def __enter__(self) -> TerrainScores:
        """Compile once what the workers need."""
        first, *others = self._problems.values()
        prepare(first, self._sandbox)
        for problem in others:
            prepare_part(problem)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Stop the workers."""
        self._evaluator.close(wait=sys.exc_info()[0] is None and kind is None)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[float | None]:
        """Return the fitness of each (program, terrain), None for a program that failed.

        Raises:
            EvaluationError: Workers die whatever they are given.
        """
        open_tickets = []
        for name, problem in self._problems.items():
            sources = list(dict.fromkeys(source for source, where in pairs if where == name))
            ticket = self._evaluator.start([Program(source) for source in sources], problem)
            open_tickets.append((name, sources, ticket))
        worth: dict[tuple[str, str], float | None] = {}
        for name, sources, ticket in open_tickets:
            evaluations = self._evaluator.finish(ticket).evaluations
            for source, evaluation in zip(sources, evaluations, strict=True):
                worth[source, name] = evaluation.fitness
        return [worth[pair] for pair in pairs]
