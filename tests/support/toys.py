"""A problem, a sandbox and an operator that cost nothing, for tests of what is around them.

A toy program is a Python literal: a pair of numbers. Its measures are the pair, its fitness falls
with the distance from (0.5, 0.5). Some texts misbehave on purpose.
"""

from __future__ import annotations

import ast
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ulmus.records import Evaluation, Job, Measure, Outcome, Program, Proposal, Status

KILLER = "'kill the worker'"


@dataclass(frozen=True)
class ToyProblem:
    """Fill a 10 x 10 map over the unit square."""

    start: str = "(0.1, 0.1)"

    name = "toy"

    @property
    def identity(self) -> str:
        return f"toy/1 start={self.start}"

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure("x", "", 0.0, 1.0, 10), Measure("y", "", 0.0, 1.0, 10))

    def seeds(self) -> Sequence[Program]:
        return [Program(self.start)]

    def job(self, program: Program) -> Job:
        return Job(program.source, "toy")

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        return [self._score(outcome) for outcome in outcomes]

    def _score(self, outcome: Outcome) -> Evaluation:
        if outcome.status is not Status.OK:
            return Evaluation.invalid(outcome.status.value)
        x, y = outcome.value
        return Evaluation(2.0 - (x - 0.5) ** 2 - (y - 0.5) ** 2, (float(x), float(y)))


@dataclass(frozen=True)
class ToySandbox:
    """Reads the literal; kills its process or dawdles if the text says so."""

    sleep_s: float = 0.0
    identity = "toy-sandbox/1"

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        return [self._run(job) for job in jobs]

    def _run(self, job: Job) -> Outcome:
        if job.source.strip() == KILLER:
            os._exit(9)
        if self.sleep_s:
            time.sleep(self.sleep_s)
        try:
            value = ast.literal_eval(job.source)
        except (ValueError, SyntaxError):
            return Outcome(Status.ERROR, error="not a literal")
        return Outcome(Status.OK, value)


@dataclass(frozen=True)
class ToyOperator:
    """Moves a pair a little; sometimes refuses, breaks the text or hands it back unchanged."""

    step: float = 0.15
    killer_share: float = 0.0
    name = "toy-move"
    arity = 1
    replayable = True

    @property
    def identity(self) -> str:
        return f"toy-move/1 step={self.step}"

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        return [self._propose(p[0], rng) for p, rng in zip(parents, rngs, strict=True)]

    def _propose(self, parent: Program, rng: random.Random) -> Proposal:
        hashes = (parent.hash,)
        mark = rng.random()
        if mark < 0.05:
            return Proposal(self.name, hashes, None, refusal="no idea")
        if mark < 0.10:
            return Proposal(self.name, hashes, Program(parent.source + " +"), note="broken")
        if mark < 0.15:
            return Proposal(self.name, hashes, parent, note="unchanged")
        if mark < 0.15 + self.killer_share:
            return Proposal(self.name, hashes, Program(KILLER), note="killer")
        x, y = ast.literal_eval(parent.source)
        moved = (round(x + rng.gauss(0, self.step), 3), round(y + rng.gauss(0, self.step), 3))
        return Proposal(self.name, hashes, Program(repr(moved)), note=f"moved to {moved}")


@dataclass(frozen=True)
class SlowToySandbox(ToySandbox):
    """The same results, at a pace at which a run can be interrupted."""

    sleep_s: float = 0.002


@dataclass(frozen=True)
class FarToyOperator(ToyOperator):
    """Moves a pair far; in the alphabet it comes before the operator that it is mixed with."""

    step: float = 0.5
    name = "toy-leap"

    @property
    def identity(self) -> str:
        return f"toy-leap/1 step={self.step}"


def die_once(mark: str, number: int) -> int:
    """Square a number; the first time that it is 3 take the worker down, which a file remembers."""
    if number == 3 and not os.path.exists(mark):
        with open(mark, "w"):
            os._exit(9)
    return number * number


def die(number: int) -> int:
    """Take the worker down."""
    os._exit(9)
