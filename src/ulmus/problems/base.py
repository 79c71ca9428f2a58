"""The seam to what is being evolved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ulmus.records import Evaluation, Job, Measure, Outcome, Program


@runtime_checkable
class Problem(Protocol):
    """Says what to run and what the result is worth; executes nothing itself.

    Implementations are small picklable values, so that workers can be handed one.
    """

    @property
    def name(self) -> str:
        """Name of the problem, such as "sodarace"."""
        ...

    @property
    def identity(self) -> str:
        """Name and every setting or version that can change a score; part of a run's identity."""
        ...

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The axes of the map."""
        ...

    def seeds(self) -> Sequence[Program]:
        """Return the programs that a run starts from."""
        ...

    def job(self, program: Program) -> Job:
        """Say how to run a program."""
        ...

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        """Judge a whole batch of outcomes in trusted code, in the same order.

        Never raises for anything that a candidate returned. A fitness or measure that is not
        finite makes a program invalid.
        """
        ...
