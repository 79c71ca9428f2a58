"""The bug-repair study: one mutation of a program with bugs; does it pass its unit tests?

Section 5 of the ELM paper (arXiv 2206.08896). Departures: the operators see and give Python text
(the paper translated the trees of its baseline by hand), and equal children are evaluated once.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ulmus.catalogue import make_problem, make_sandbox
from ulmus.errors import ConfigError, unknown_name
from ulmus.evaluate import Evaluator, Ticket
from ulmus.operators.base import Operator
from ulmus.problems.unit_tests import UnitTested, solved
from ulmus.records import Evaluation, Json, Program, Proposal
from ulmus.seeding import generator
from ulmus.study.drawn import Drawn, key_of
from ulmus.study.shares import Share
from ulmus.study.subjects import FIXED_BUGS, TakesMessages, with_message, with_rate
from ulmus.workers import local_executor

TASKS = ("parity", "quadratic")

RATES = {"parity": 0.3, "quadratic": 0.15}
"""Rate of node mutation per task, tuned by hand as in the paper (benchmarks/node_rates.py)."""

BATCH = 128
"""Children that are proposed together; they do not depend on it."""


@dataclass(frozen=True)
class Cell:
    """What came of the samples of one task with one number of bugs.

    Attributes:
        task: Name of the task.
        bugs: Number of bugs in the parent.
        identity: Identity of the operator, with its message and its rate.
        proposals: One per sample.
        evaluations: By program hash, for every distinct child.
    """

    task: str
    bugs: int
    identity: str
    proposals: Sequence[Proposal] = field(repr=False)
    evaluations: dict[str, Evaluation] = field(repr=False)

    @property
    def children(self) -> list[Program]:
        """The children, equal ones as often as they came."""
        return _children(self.proposals)

    @property
    def solved(self) -> Share:
        """How many samples pass all tests."""
        return self._share(solved)

    @property
    def valid(self) -> Share:
        """How many samples are programs that can be called, whatever they answer."""
        return self._share(lambda evaluation: evaluation.valid)

    @property
    def refusals(self) -> dict[str, int]:
        """How often each refusal came, the most frequent first."""
        return dict(
            Counter(p.refusal for p in self.proposals if p.refusal is not None).most_common()
        )

    def _share(self, good: Callable[[Evaluation], bool]) -> Share:
        hits = sum(good(self.evaluations[child.hash]) for child in self.children)
        return Share(hits, len(self.proposals))

    def as_json(self) -> dict[str, Json]:
        """Return the figures: `solved` and `valid` with intervals, counts for the rest."""
        unchanged = sum(
            p.program is not None and p.program.hash in p.parents for p in self.proposals
        )
        return {
            "solved": self.solved.as_json(),
            "valid": self.valid.as_json(),
            "refused": sum(self.refusals.values()),
            "refusals": dict(self.refusals),
            "unchanged": unchanged,
            "distinct": len({child.hash for child in self.children}),
            "identity": self.identity,
        }


def plan(tasks: Sequence[str], bugs: Sequence[int] | None) -> list[UnitTested]:
    """Return the problems of a study, in order.

    Args:
        tasks: Names among `TASKS`.
        bugs: Numbers of bugs; None for all that a task has. What a task does not have is left out.

    Raises:
        ConfigError: An unknown task, or no task has such a number of bugs.
    """
    found = []
    for name in dict.fromkeys(tasks):
        if name not in TASKS:
            raise unknown_name("task", name, TASKS)
        for number in sorted(set(_all_bugs(name) if bugs is None else bugs)):
            if number in _all_bugs(name):
                found.append(_problem(name, number))
    if not found:
        most = ", ".join(f"{name} has 1 to {_all_bugs(name)[-1]}" for name in tasks)
        raise ConfigError(f"nothing to study with --bugs {','.join(map(str, bugs or ()))}: {most}")
    return found


def study(
    operator: Operator,
    problems: Sequence[UnitTested],
    num_samples: int,
    *,
    seed: int = 0,
    rate: float | None = None,
    workers: int = 0,
    sandbox: str = "wasm",
    observe: Callable[[Cell], None] = lambda cell: None,
    count: Callable[[int], None] = lambda size: None,
    drawn: Drawn | None = None,
) -> list[Cell]:
    """Draw and judge the samples of all problems.

    Args:
        operator: Makes the children; see `ulmus.study.subjects.subject`.
        problems: From `plan`.
        num_samples: Children per problem, at least 1.
        seed: Seed of all random choices.
        rate: Rate of an operator that has one; None for that of the task (`RATES`).
        workers: Worker processes that evaluate; 0 for none but this one.
        sandbox: Tier that runs the children.
        observe: Called after each problem.
        count: Called after each batch of proposals with its size.
        drawn: Holds what was drawn before, and gets what is drawn.

    Raises:
        ConfigError, ModelError, SandboxError, EvaluationError: Nothing that a child does.
    """
    told = with_message(operator, FIXED_BUGS)
    drawn = Drawn() if drawn is None else drawn
    cells = []
    for name in dict.fromkeys(problem.name for problem in problems):
        mine = [problem for problem in problems if problem.name == name]
        # All numbers of bugs have the same tests, so one evaluator and one memory serve them.
        executor = partial(local_executor, workers, _files(sandbox))
        evaluator = Evaluator(mine[0], make_sandbox(sandbox), executor)
        judge = _Judge(evaluator)
        rated = with_rate(told, RATES[name] if rate is None else rate)
        try:
            for problem in mine:
                cells.append(_cell(rated, problem, num_samples, seed, judge, count, drawn))
                observe(cells[-1])
        finally:
            evaluator.close(wait=sys.exc_info()[0] is None)
    return cells


class _Judge:
    """Evaluates each distinct program once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._known: dict[str, Evaluation] = {}
        self._waiting: dict[str, None] = {}
        self._tickets: list[tuple[Ticket, list[str]]] = []

    def start(self, programs: Sequence[Program]) -> None:
        """Send off what was never seen."""
        new = {program.hash: program for program in programs}
        for seen in (self._known, self._waiting):
            new = {key: program for key, program in new.items() if key not in seen}
        if new:
            self._waiting.update(dict.fromkeys(new))
            self._tickets.append((self._evaluator.start(list(new.values())), list(new)))

    def finish(self, programs: Sequence[Program]) -> dict[str, Evaluation]:
        """Wait for all that was sent off; return the evaluations of some programs by hash."""
        for ticket, keys in self._tickets:
            evaluations = self._evaluator.finish(ticket).evaluations
            self._known.update(zip(keys, evaluations, strict=True))
        self._tickets.clear()
        self._waiting.clear()
        return {program.hash: self._known[program.hash] for program in programs}


def _cell(
    operator: Operator,
    problem: UnitTested,
    num_samples: int,
    seed: int,
    judge: _Judge,
    count: Callable[[int], None],
    drawn: Drawn,
) -> Cell:
    (parent,) = problem.seeds()
    purpose = f"repair/{problem.name}/{problem.bugs}"
    identity = operator.identity
    proposals: list[Proposal] = []

    def key(index: int) -> str:
        return key_of(identity, purpose, parent.hash, seed, index)

    def draw(indices: Sequence[int]) -> list[Proposal]:
        rngs = [generator(seed, purpose, 0, index) for index in indices]
        return operator.propose([[parent]] * len(rngs), rngs)

    while len(proposals) < num_samples:
        places = range(len(proposals), min(len(proposals) + BATCH, num_samples))
        batch = drawn.fill(places, key, draw)
        judge.start(_children(batch))
        proposals += batch
        count(len(batch))
    evaluations = judge.finish(_children(proposals))
    return Cell(problem.name, problem.bugs, identity, proposals, evaluations)


def _children(proposals: Iterable[Proposal]) -> list[Program]:
    return [p.program for p in proposals if p.program is not None]


def children(cells: Iterable[Cell]) -> Iterator[dict[str, Json]]:
    """Yield every distinct child of every cell, the most frequent first, and what it is worth."""
    for cell in cells:
        by_hash = {child.hash: child for child in cell.children}
        for key, count in Counter(child.hash for child in cell.children).most_common():
            evaluation = cell.evaluations[key]
            yield {
                "task": cell.task,
                "bugs": cell.bugs,
                "count": count,
                "fitness": evaluation.fitness,
                "reason": evaluation.reason,
                "source": by_hash[key].source,
            }


def summary(
    operator: Operator, cells: Sequence[Cell], num_samples: int, seed: int
) -> dict[str, Json]:
    """Return what `ulmus study repair --json` ends with; docs/study.md explains each key."""
    success: dict[str, dict[str, Json]] = {}
    for cell in cells:
        success.setdefault(cell.task, {})[str(cell.bugs)] = cell.as_json()
    return {
        "operator": operator.name,
        "message": FIXED_BUGS if isinstance(operator, TakesMessages) else None,
        "samples": num_samples,
        "seed": seed,
        "success": {task: dict(by_bugs) for task, by_bugs in success.items()},
    }


def _files(sandbox: str) -> tuple[str, ...]:
    """Return the file that the name of a sandbox points into, for the workers."""
    return (sandbox.rpartition(":")[0],) if ".py:" in sandbox else ()


def _problem(name: str, bugs: int) -> UnitTested:
    problem = make_problem(name, {"bugs": bugs})
    assert isinstance(problem, UnitTested)
    return problem


def _all_bugs(name: str) -> range:
    return range(1, _problem(name, 1).task.num_bugs + 1)
