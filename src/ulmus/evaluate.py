"""Evaluate batches: problem.job → sandbox → problem.score, on any `concurrent.futures.Executor`.

A batch is cut into chunks; a chunk is a pure function of its sources, so it may run anywhere and
twice. Workers that die are replaced and their chunks sent again; a program that takes its worker
down whenever it runs alone is invalid ("crashed"), and the rest of its chunk is not harmed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar

from ulmus.errors import EvaluationError
from ulmus.models import meter
from ulmus.problems.base import Problem
from ulmus.records import NO_USAGE, Evaluation, Program, Usage
from ulmus.sandbox.base import Sandbox

T = TypeVar("T")

MAX_LOSSES = 3
"""How often a chunk may lose its worker before its programs are tried one by one."""

CRASHED = "crashed"
NOT_FINITE = "fitness or measures are not finite"


@dataclass(frozen=True)
class ChunkResult:
    """What a worker made of a chunk.

    Attributes:
        evaluations: One per program.
        sandbox_s: CPU time in the sandbox.
        score_s: CPU time in the problem's own code.
    """

    evaluations: tuple[Evaluation, ...]
    sandbox_s: float
    score_s: float


def evaluate_chunk(problem: Problem, sandbox: Sandbox, sources: Sequence[str]) -> ChunkResult:
    """Run and judge programs here and now."""
    start = time.process_time()
    outcomes = sandbox.run([problem.job(Program(source)) for source in sources])
    middle = time.process_time()
    evaluations = [_finite(evaluation) for evaluation in problem.score(outcomes)]
    end = time.process_time()
    return ChunkResult(tuple(evaluations), middle - start, end - middle)


def _finite(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation that a map can hold: not-a-number would keep its cell for ever."""
    fitness = evaluation.fitness
    if fitness is None or all(map(isfinite, (fitness, *evaluation.measures))):
        return evaluation
    return Evaluation.invalid(NOT_FINITE)


@dataclass
class _Chunk:
    problem: Problem
    sources: tuple[str, ...]
    future: Future[ChunkResult] | None = None
    losses: int = 0
    result: ChunkResult | None = None


@dataclass
class Ticket:
    """A batch under evaluation."""

    chunks: list[_Chunk] = field(default_factory=list)


class Evaluator:
    """Evaluates batches on an executor that is rebuilt when its workers die.

    Attributes:
        called_s: CPU time of all that `call_all` has had done in other processes.
        usage: What was asked of models on servers there.
    """

    def __init__(
        self,
        problem: Problem,
        sandbox: Sandbox,
        make_executor: Callable[[], Executor],
        *,
        chunk_size: int = 16,
    ) -> None:
        """Set up; the executor is made at the first use.

        Args:
            problem: What to evaluate; must be picklable if the executor crosses processes.
            sandbox: Where to run; must be picklable likewise.
            make_executor: Makes a fresh executor; called again after workers have died.
            chunk_size: Programs per task, at least 1.
        """
        self._problem = problem
        self._sandbox = sandbox
        self._make_executor = make_executor
        self._chunk_size = chunk_size
        self._executor: Executor | None = None
        self._open: list[Ticket] = []
        self.called_s = 0.0
        self.usage = NO_USAGE

    def start(self, programs: Sequence[Program], problem: Problem | None = None) -> Ticket:
        """Send programs to the workers and return at once.

        Args:
            programs: What to evaluate.
            problem: Who judges them; that of the evaluator by default.
        """
        judge, sources = problem or self._problem, [program.source for program in programs]
        size = self._chunk_size
        ticket = Ticket(
            [_Chunk(judge, tuple(sources[i : i + size])) for i in range(0, len(sources), size)]
        )
        self._open.append(ticket)
        for chunk in ticket.chunks:
            self._send(chunk)
        return ticket

    def finish(self, ticket: Ticket) -> ChunkResult:
        """Wait for a batch; its evaluations are in the order of the programs.

        Raises:
            EvaluationError: Workers die whatever they are given.
        """
        for chunk in ticket.chunks:
            while chunk.result is None:
                self._collect(chunk)
        self._open.remove(ticket)
        return _joined([chunk.result for chunk in ticket.chunks if chunk.result is not None])

    def call_all(self, function: Callable[..., T], tasks: Sequence[tuple[Any, ...]]) -> list[T]:
        """Call a function once per task on the workers and return the results in order.

        Args:
            function: Picklable if the executor crosses processes; may be called twice for a task.
            tasks: The arguments of each call.

        Raises:
            EvaluationError: Workers die whatever they are given.
        """
        for _ in range(MAX_LOSSES):
            try:
                futures = [self._workers().submit(_metered, function, task) for task in tasks]
                done = [future.result() for future in futures]
            except (BrokenExecutor, CancelledError):
                self.close(wait=False)  # what is open is sent again when it is collected
            else:
                for _, spent in done:
                    if spent.process != os.getpid():
                        self.called_s += spent.cpu_s
                        self.usage += spent.usage
                return [result for result, _ in done]
        self._check_workers()
        raise EvaluationError(f"workers died {MAX_LOSSES} times at {function!r}")

    def close(self, *, wait: bool = True) -> None:
        """Stop the workers; those that still work are waited for, or left if `wait` is False."""
        if self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=True)
            self._executor = None

    def _workers(self) -> Executor:
        if self._executor is None:
            self._executor = self._make_executor()
        return self._executor

    def _send(self, chunk: _Chunk) -> None:
        try:
            chunk.future = self._workers().submit(
                evaluate_chunk, chunk.problem, self._sandbox, chunk.sources
            )
        except BrokenExecutor:
            chunk.future = None  # found out at collection, which replaces the executor

    def _collect(self, chunk: _Chunk) -> None:
        try:
            if chunk.future is None:
                raise BrokenExecutor("the workers died before the chunk was sent")
            chunk.result = chunk.future.result()
        except (BrokenExecutor, CancelledError):
            self._recover(chunk)

    def _recover(self, lost: _Chunk) -> None:
        """Replace the workers; send everything that is unfinished again."""
        lost.losses += 1
        self.close(wait=False)
        if lost.losses > MAX_LOSSES:
            self._check_workers()
            lost.result = self._one_by_one(lost)
        for ticket in self._open:
            for chunk in ticket.chunks:
                if chunk.result is None and not _succeeded(chunk.future):
                    self._send(chunk)

    def _check_workers(self) -> None:
        """Make sure that workers live without a program, before one is blamed."""
        try:
            self._workers().submit(_nothing).result()
        except (BrokenExecutor, CancelledError):
            self.close(wait=False)
            raise EvaluationError(
                "the workers die before they are given a program. A script that starts a search "
                'must do it below `if __name__ == "__main__":`, since every worker imports the '
                "script; else they were killed from outside, or there is no memory for them"
            ) from None

    def _one_by_one(self, lost: _Chunk) -> ChunkResult:
        """Run programs with nothing else in flight, to find the one that kills its worker."""
        results = [self._alone(_Chunk(lost.problem, (source,))) for source in lost.sources]
        if len(results) > 1 and all(r.evaluations[0].reason == CRASHED for r in results):
            raise EvaluationError(
                f"{len(results)} programs in a row took their worker down; the workers "
                "themselves are broken (out of memory, or killed from outside)"
            )
        return _joined(results)

    def _alone(self, chunk: _Chunk) -> ChunkResult:
        for _ in range(2):
            self._send(chunk)
            try:
                if chunk.future is not None:
                    return chunk.future.result()
            except BrokenExecutor:
                pass
            self.close(wait=False)
        return ChunkResult((Evaluation.invalid(CRASHED),), 0.0, 0.0)


@dataclass(frozen=True)
class _Spent:
    """What a call took: CPU seconds, what it asked of servers, and the process it ran in."""

    cpu_s: float
    usage: Usage
    process: int


def _metered(function: Callable[..., T], task: tuple[Any, ...]) -> tuple[T, _Spent]:
    """Call a function and return its result and what it took."""
    start, before = time.process_time(), meter.counted()
    result = function(*task)
    spent = _Spent(time.process_time() - start, meter.counted() - before, os.getpid())
    return result, spent


def _nothing() -> None:
    """What a worker that works can do."""


def _joined(results: Sequence[ChunkResult]) -> ChunkResult:
    """Return the results of chunks as one, in the same order."""
    return ChunkResult(
        tuple(evaluation for result in results for evaluation in result.evaluations),
        sum(result.sandbox_s for result in results),
        sum(result.score_s for result in results),
    )


def _succeeded(future: Future[ChunkResult] | None) -> bool:
    done = future is not None and future.done() and not future.cancelled()
    return done and future is not None and future.exception() is None
