"""Evaluation on an executor: order, lost workers, programs that kill their worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from math import inf, nan

import pytest
from toys import KILLER, ToyProblem, ToySandbox, die, die_once

from ulmus.errors import EvaluationError
from ulmus.evaluate import CRASHED, NOT_FINITE, Evaluator, evaluate_chunk
from ulmus.records import Evaluation, Outcome, Program
from ulmus.workers import InlineExecutor, local_executor

PAIRS = [f"(0.{i % 10}, 0.{i % 7})" for i in range(40)]


def expected(source: str) -> Evaluation:
    (outcome,) = ToySandbox().run([ToyProblem().job(Program(source))])
    (evaluation,) = ToyProblem().score([outcome])
    return evaluation


def programs(sources: list[str]) -> list[Program]:
    return [Program(source) for source in sources]


@dataclass(frozen=True)
class BrokenProblem(ToyProblem):
    """A problem of somebody's whose sums go wrong."""

    evaluation: Evaluation = field(default_factory=lambda: Evaluation(1.0))

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        return [self.evaluation for _ in outcomes]


@pytest.mark.parametrize("figures", [(nan, 0.5), (inf, 0.5), (-inf, 0.5), (0.5, nan), (0.5, inf)])
def test_what_is_not_finite_never_reaches_the_map(figures: tuple[float, float]) -> None:
    problem = BrokenProblem(evaluation=Evaluation(figures[0], (0.5, figures[1])))
    result = evaluate_chunk(problem, ToySandbox(), ["(0.5, 0.5)"])
    assert result.evaluations == (Evaluation.invalid(NOT_FINITE),)


@pytest.mark.parametrize(
    "make", [InlineExecutor, partial(ThreadPoolExecutor, 3), partial(local_executor, 2)]
)
def test_results_come_in_the_order_of_the_programs(make) -> None:
    evaluator = Evaluator(ToyProblem(), ToySandbox(), make, chunk_size=3)
    first, second = (
        evaluator.start(programs(PAIRS)),
        evaluator.start(programs(["nonsense", *PAIRS[:2]])),
    )
    assert list(evaluator.finish(first).evaluations) == [expected(source) for source in PAIRS]
    assert [e.valid for e in evaluator.finish(second).evaluations] == [False, True, True]
    assert evaluator.finish(evaluator.start([])).evaluations == ()
    evaluator.close()


def test_a_worker_killed_from_outside_is_replaced_and_nothing_is_lost() -> None:
    evaluator = Evaluator(
        ToyProblem(), ToySandbox(sleep_s=0.01), partial(local_executor, 2), chunk_size=4
    )
    tickets = [evaluator.start(programs(PAIRS)) for _ in range(2)]

    def kill_one() -> None:
        while not getattr(evaluator._executor, "_processes", None):
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(next(iter(evaluator._executor._processes)), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    for ticket in tickets:
        assert list(evaluator.finish(ticket).evaluations) == [expected(source) for source in PAIRS]
    killer.join()
    evaluator.close()


@pytest.mark.slow
def test_a_program_that_kills_its_worker_is_invalid_and_its_neighbours_are_not() -> None:
    evaluator = Evaluator(ToyProblem(), ToySandbox(), partial(local_executor, 2), chunk_size=4)
    sources = [*PAIRS[:5], KILLER, *PAIRS[5:9]]
    other = evaluator.start(programs(PAIRS[10:20]))
    found = evaluator.finish(evaluator.start(programs(sources))).evaluations
    assert [e.reason for e in found] == [
        CRASHED if source == KILLER else None for source in sources
    ]
    assert list(evaluator.finish(other).evaluations) == [
        expected(source) for source in PAIRS[10:20]
    ]
    evaluator.close()


@pytest.mark.slow
def test_workers_that_always_die_are_our_trouble_not_the_programs() -> None:
    evaluator = Evaluator(ToyProblem(), ToySandbox(), partial(local_executor, 1), chunk_size=2)
    ticket = evaluator.start(programs([KILLER, KILLER + " "]))
    with pytest.raises(EvaluationError, match="workers themselves are broken"):
        evaluator.finish(ticket)
    evaluator.close()


def test_calls_are_made_again_when_a_worker_dies_and_open_batches_are_not_lost(tmp_path) -> None:
    evaluator = Evaluator(ToyProblem(), ToySandbox(), partial(local_executor, 2), chunk_size=3)
    ticket = evaluator.start(programs(PAIRS))
    tasks = [(str(tmp_path / "mark"), number) for number in range(8)]
    assert evaluator.call_all(die_once, tasks) == [number * number for number in range(8)]
    assert (tmp_path / "mark").exists()
    assert evaluator.finish(ticket).evaluations == tuple(map(expected, PAIRS))
    assert evaluator.called_s >= 0
    evaluator.close()


def test_calls_that_kill_every_worker_are_our_own_trouble() -> None:
    evaluator = Evaluator(ToyProblem(), ToySandbox(), partial(local_executor, 1))
    with pytest.raises(EvaluationError, match="die"):
        evaluator.call_all(die, [(1,)])
    evaluator.close()


SCRIPT = """
from functools import partial

from toys import ToyProblem, ToySandbox

from ulmus.errors import EvaluationError
from ulmus.evaluate import Evaluator
from ulmus.records import Program
from ulmus.workers import local_executor

evaluator = Evaluator(ToyProblem(), ToySandbox(), partial(local_executor, 1))
try:
    DOING
except EvaluationError as error:
    print("told:", error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "doing",
    [
        "evaluator.finish(evaluator.start([Program('(0.5, 0.5)')]))",
        "evaluator.call_all(print, [(1,)])",
    ],
)
def test_a_script_without_a_guard_is_told_so_and_no_program_is_blamed(tmp_path, doing) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("DOING", doing))
    path = os.pathsep.join(sys.path)
    result = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("told: the workers die before")
    assert 'if __name__ == "__main__":' in result.stdout
