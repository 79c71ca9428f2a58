"""The exported world: loads everything at build time, so that a job finds it in the snapshot."""

from __future__ import annotations

from . import determinism, preload, runner

preload.load()
determinism.install()


class WitWorld:
    """The export named in `program.wit`."""

    def run(self, job: str) -> str:
        """Run one job and return the answer."""
        return runner.run(job)


preload.settle()
