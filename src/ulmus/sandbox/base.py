"""The seam to the place where untrusted programs run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ulmus.records import Job, Outcome


@runtime_checkable
class Sandbox(Protocol):
    """Runs jobs and describes how they ended.

    Implementations are small picklable values, so that workers can be handed one; whatever is
    expensive is opened at the first `run` in each process.
    """

    @property
    def identity(self) -> str:
        """Name of the tier and of everything that can change a result, such as
        "wasm:1f2e…"; part of a run's identity."""
        ...

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run each job in a fresh world and return the outcomes in the same order.

        Never raises for anything that a candidate does.

        Raises:
            SandboxUnavailableError: The tier cannot serve on this machine.
        """
        ...
