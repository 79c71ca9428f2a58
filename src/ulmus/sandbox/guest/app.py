"""The exported world: loads everything at build time, so that a job finds it in the snapshot."""

from __future__ import annotations

from . import determinism, modules, preload, rehearsal, runner, shelf

preload.load()
determinism.install()
shelf.fill()


class WitWorld:
    """The exports named in `program.wit`."""

    def shelf(self) -> str:
        """Tell which modules are loaded already."""
        return shelf.inventory()

    def compile(self, sources: str) -> str:
        """Compile modules for later jobs."""
        return modules.compile_sources(sources)

    def run(self, job: str, code: str) -> str:
        """Run one job and return the answer."""
        return runner.run(job, code)


rehearsal.play()
preload.settle()
