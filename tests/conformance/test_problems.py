"""Every problem passes the suite, and the suite catches what it says it catches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import nan
from pathlib import Path

import pytest
from toys import ToyProblem

from ulmus.problems.base import Problem
from ulmus.problems.conformance import check_problem
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Evaluation, Measure, Outcome, Program, Status
from ulmus.workers import load_file

NUMBERS = count()
CURVES = Path(__file__).parents[2] / "examples" / "own_problem.py"


def ok(value: object) -> Outcome:
    return Outcome(Status.OK, value)  # type: ignore[arg-type]


def triangle(stroke: float) -> Outcome:
    bone, muscle = {"type": "distance"}, {"type": "muscle", "amplitude": stroke, "phase": 0.3}
    joints = [[0, 0], [6, 0], [2, 5]]
    return ok({"joints": joints, "muscles": [[0, 1, bone], [1, 2, bone], [2, 0, muscle]]})


WALKERS = [triangle(1.0), triangle(-0.5), ok({"joints": []}), triangle(0.0)]


@pytest.mark.parametrize(
    "problem",
    [
        Sodarace(seconds=1.0),
        Sodarace(terrain="bumpy", seconds=1.0, fitness="sustained", bins=(3, 4, 5)),
    ],
)
def test_sodarace_keeps_its_promises(problem: Sodarace) -> None:
    check_problem(problem, WALKERS)


def test_the_example_keeps_its_promises() -> None:
    curves = load_file(str(CURVES)).Curves()
    check_problem(curves, [ok([0.0] * 21), ok([k / 21 for k in range(21)]), ok("no curve")])


@dataclass(frozen=True)
class Honest(ToyProblem):
    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        return [self.one(outcome) for outcome in outcomes]

    def one(self, outcome: Outcome) -> Evaluation:
        value = outcome.value
        if not isinstance(value, float) or not 0.0 <= value <= 1.0:
            return Evaluation.invalid("no number between 0 and 1")
        return Evaluation(value, (value, value))


class Forgetful(Honest):
    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        return super().score(outcomes)[:1]


class Jealous(Honest):
    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        size = len(outcomes)
        return [replace(e, fitness=e.fitness and e.fitness / size) for e in super().score(outcomes)]


class Trusting(Honest):
    def one(self, outcome: Outcome) -> Evaluation:
        if not outcome.value:
            return super().one(outcome)
        return Evaluation(1.0, (outcome.value[0], 0.5))  # type: ignore[call-overload,index]


class Undefined(Honest):
    def one(self, outcome: Outcome) -> Evaluation:
        return replace(super().one(outcome), fitness=nan)


class Generous(Honest):
    def one(self, outcome: Outcome) -> Evaluation:
        return Evaluation(0.0, (0.0, 0.0)) if outcome.value is None else super().one(outcome)


class Flat(Honest):
    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure("x", "", 1.0, 1.0, 10), Measure("y", "", 0.0, 1.0, 10))


class Fickle(Honest):
    def seeds(self) -> Sequence[Program]:
        return [Program(str(next(NUMBERS)))]


def test_an_honest_problem_passes() -> None:
    check_problem(Honest(), [ok(0.5), ok(0.25), ok(2.0)])


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Forgetful(), "one evaluation per outcome"),
        (Jealous(), "depends on its batch"),
        (Undefined(), "the fitness is nan"),
        (Generous(), "a program that failed has a fitness"),
        (Flat(), "wrong way round"),
        (Fickle(), "change from call to call"),
    ],
)
def test_a_broken_problem_is_caught(problem: Problem, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_problem(problem, [ok(0.5), ok(0.25), ok(2.0)])


def test_a_problem_that_believes_what_it_gets_is_caught() -> None:
    with pytest.raises((TypeError, LookupError)):
        check_problem(Trusting(), [ok([0.5]), ok([0.25])])
