"""A problem of your own: programs that draw a curve; the map sorts them by level and roughness.

ulmus run examples/own_problem.py:Curves --operators syntax=1 --evaluations 2000
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ulmus.records import Evaluation, Job, Limits, Measure, Outcome, Program, Status

SEED = """\
def curve(xs):
    ys = []
    for x in xs:
        ys.append(x * 0.5 + 0.1)
    return ys
"""
XS = [i / 20 for i in range(21)]
TARGET = [math.sin(6 * x) for x in XS]


@dataclass(frozen=True)
class Curves:
    """Come close to sin(6 x); the target never enters the sandbox."""

    name = "curves"
    identity = "curves/1"
    measures = (Measure("level", "", -2.0, 2.0, 20), Measure("roughness", "", 0.0, 8.0, 20))

    def seeds(self) -> Sequence[Program]:
        return [Program(SEED)]

    def job(self, program: Program) -> Job:
        return Job(program.source, "curve", args=(XS,), limits=Limits(fuel=500_000_000))

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        return [self._score(outcome) for outcome in outcomes]

    def _score(self, outcome: Outcome) -> Evaluation:
        if outcome.status is not Status.OK:
            return Evaluation.invalid(outcome.status.value)
        ys = outcome.value
        if not isinstance(ys, list) or len(ys) != len(XS):
            return Evaluation.invalid("not a list of 21 numbers")
        if not all(isinstance(y, (int, float)) and abs(y) < 1e6 for y in ys):
            return Evaluation.invalid("not a list of 21 numbers")
        error = sum(abs(y - target) for y, target in zip(ys, TARGET, strict=True)) / len(ys)
        roughness = sum(abs(b - a) for a, b in pairwise(ys))
        return Evaluation(1 / (1 + error), (sum(ys) / len(ys), roughness))
