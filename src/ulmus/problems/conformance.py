"""What every problem promises, as checks that raise AssertionError; the price of entry.

    from ulmus.problems.conformance import check_problem
    check_problem(MyProblem(), [outcome of a good program, ...])

A problem executes nothing, so it is checked with outcomes: those that it is meant for, and those
that a hostile program may bring about.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from math import isfinite

from ulmus.problems.base import Problem
from ulmus.records import Evaluation, Json, Measure, Outcome, Status

_DEEP: Json = 0
for _ in range(99):
    _DEEP = [_DEEP]

HOSTILE_VALUES: tuple[Json, ...] = (
    None,
    True,
    -(2**63),
    1.7e308,
    -5e-324,
    "",
    "\x00\u202e",
    [],
    {},
    [[]] * 50_000,
    [1.7e308, -1.7e308] * 1_000,
    {"": None, "joints": "x", "value": {}},
    _DEEP,
)
"""Plain data that no honest program returns; a sandbox lets all of it through."""


def check_problem(problem: Problem, outcomes: Sequence[Outcome]) -> None:
    """Check all promises.

    Args:
        problem: The problem to check.
        outcomes: Outcomes that it is meant for, at least one of them worth a fitness.
    """
    check_description(problem)
    check_seeds(problem)
    check_scores(problem, outcomes)
    check_hostile_outcomes(problem, outcomes)
    check_pickle(problem, outcomes)


def check_description(problem: Problem) -> None:
    """Check names and axes."""
    assert isinstance(problem, Problem), "a member of the protocol is missing"
    assert problem.name, "the name is empty"
    assert problem.identity, "the identity is empty"
    assert problem.measures, "a map needs an axis"
    names = [measure.name for measure in problem.measures]
    assert len(set(names)) == len(names), f"two axes have the same name: {names}"
    for measure in problem.measures:
        _check_axis(measure)


def _check_axis(measure: Measure) -> None:
    assert measure.name, "an axis without a name"
    assert isfinite(measure.high - measure.low), f"{measure.name}: the ends are not finite"
    assert measure.low < measure.high, f"{measure.name}: the ends are the wrong way round"
    assert measure.bins >= 1, f"{measure.name}: fewer than one bin"


def check_seeds(problem: Problem) -> None:
    """Check that there are seeds, always the same ones, and that their jobs say what to run."""
    seeds = problem.seeds()
    assert seeds, "no seed program"
    assert list(seeds) == list(problem.seeds()), "the seeds change from call to call"
    for seed in seeds:
        job = problem.job(seed)
        assert job.entry, "a job without an entry"
        assert job == problem.job(seed), "equal programs have different jobs"
        assert pickle.loads(pickle.dumps(job)) == job, "a job changes on its way to a worker"


def check_scores(problem: Problem, outcomes: Sequence[Outcome]) -> None:
    """Check that evaluations pair with outcomes and depend on nothing else."""
    assert problem.score([]) == [], "no outcomes must give no evaluations"
    together = problem.score(outcomes)
    assert len(together) == len(outcomes), "one evaluation per outcome"
    assert any(evaluation.valid for evaluation in together), "no outcome is worth a fitness"
    for evaluation in together:
        check_evaluation(problem, evaluation)
    alone = [problem.score([outcome])[0] for outcome in outcomes]
    assert together == alone, "an evaluation depends on its batch"
    backwards = problem.score(list(reversed(outcomes)))
    assert together == backwards[::-1], "an evaluation depends on the order"


def check_evaluation(problem: Problem, evaluation: Evaluation) -> None:
    """Check that an evaluation is valid with finite figures or invalid with a short reason."""
    if evaluation.fitness is None:
        assert evaluation.measures == (), "an invalid program has measures"
        assert evaluation.reason, "an invalid program without a reason"
        assert len(evaluation.reason) <= 200, f"a long reason: {evaluation.reason[:200]}..."
        return
    assert evaluation.reason is None, "a valid program has a reason"
    assert isfinite(evaluation.fitness), f"the fitness is {evaluation.fitness}"
    assert len(evaluation.measures) == len(problem.measures), "one measure per axis"
    assert all(map(isfinite, evaluation.measures)), f"the measures are {evaluation.measures}"


def check_hostile_outcomes(problem: Problem, outcomes: Sequence[Outcome]) -> None:
    """Check that nothing that a program brings about raises or harms its neighbours."""
    failures = [Outcome(status, error="x") for status in Status if status is not Status.OK]
    hostile = failures + [Outcome(Status.OK, value) for value in HOSTILE_VALUES]
    found = problem.score([*hostile, *outcomes])
    for evaluation in found:
        check_evaluation(problem, evaluation)
    assert not any(evaluation.valid for evaluation in found[: len(failures)]), (
        "a program that failed has a fitness"
    )
    assert found[len(hostile) :] == problem.score(outcomes), "hostile neighbours change a score"


def check_pickle(problem: Problem, outcomes: Sequence[Outcome]) -> None:
    """Check that a worker's copy of the problem gives the same scores."""
    copy = pickle.loads(pickle.dumps(problem))
    assert copy.identity == problem.identity, "a copy has another identity"
    assert copy.score(outcomes) == problem.score(outcomes), "a copy gives other scores"
