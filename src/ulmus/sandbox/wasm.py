"""The tier `wasm`: each program in a fresh CPython inside WebAssembly.

What it does *not* stop: a program chooses its own result, so no score may be taken from the
program's mouth; side channels (a program has no clock, but it shares a processor); a bug in
wasmtime. What it stops, and by what: see docs/sandbox.md.

How an entry is found if a program has renamed it: see `ulmus.sandbox.guest.entry`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ulmus.errors import SandboxError
from ulmus.records import GuestModule, Job, Limits, Outcome
from ulmus.sandbox import cache, engine, frames, selftest, traps

_OWN_LIMITS = Limits(fuel=20_000_000_000, timeout_s=60.0)


@dataclass(frozen=True)
class WasmSandbox:
    """Runs programs in WebAssembly; a picklable value, opened at the first `run` in a process.

    Attributes:
        guest: The component; None for the one that ulmus was built with.
        cache_dir: Where its compiled form is kept; None for the user's cache folder or what the
            environment variable ULMUS_CACHE_DIR names. Changes no result.
    """

    guest: Path | None = None
    cache_dir: Path | None = None

    @property
    def identity(self) -> str:
        """Return "wasm:" and 16 hex digits over guest, wasmtime version and settings.

        Raises:
            SandboxUnavailableError: There is no guest.
        """
        return f"wasm:{engine.identity(self._wasm)}"

    def prepare(self, progress: engine.Progress | None = None) -> None:
        """Open the sandbox now; compiles the guest if this machine has not done so yet.

        Args:
            progress: Is told in a few words when something takes long.

        Raises:
            SandboxUnavailableError: The tier cannot serve on this machine.
        """
        self._open(progress)

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run each job in a fresh world and return the outcomes in the same order.

        Raises:
            SandboxUnavailableError: The tier cannot serve on this machine.
            SandboxError: A module that a job brings does not compile.
        """
        return _run_all(self._open(None), jobs)

    def self_test(self) -> None:
        """Try the walls; happens by itself at the first use in each process, about 20 ms.

        Raises:
            SandboxUnavailableError: A wall does not hold, or the tier cannot serve at all.
        """
        _check(self._open(None))

    @property
    def _wasm(self) -> Path:
        return self.guest or engine.GUEST

    def _open(self, progress: engine.Progress | None) -> engine.Guest:
        folder = self.cache_dir or cache.default_folder()
        return engine.open_guest(self._wasm, folder, progress, _check)


def _check(guest: engine.Guest) -> None:
    selftest.check(lambda jobs: _run_all(guest, jobs))


def _run_all(guest: engine.Guest, jobs: Sequence[Job]) -> list[Outcome]:
    return guest.attend(lambda stop: [_run(guest, job) for job in jobs if not stop.is_set()])


def _run(guest: engine.Guest, job: Job) -> Outcome:
    refused = frames.refusal(job)
    if refused is not None:
        return refused
    brought = _bring(guest, job.modules)
    answer = guest.call(job.limits, "run", frames.encode(job, brought.shelved), brought.code)
    if answer.text is None:
        return traps.outcome(answer.trap, job.limits, answer.fuel)
    return frames.decode(answer.text, job, answer.fuel)


@dataclass(frozen=True)
class _Brought:
    """The modules of a job as the guest wants them.

    Attributes:
        shelved: Names of those that the guest has loaded already.
        code: The others, compiled by the guest; the host only keeps it and never looks inside.
    """

    shelved: tuple[str, ...]
    code: str


_known: dict[tuple[int, tuple[GuestModule, ...]], _Brought] = {}


def _bring(guest: engine.Guest, modules: tuple[GuestModule, ...]) -> _Brought:
    """Return modules as the guest wants them, made at their first use in a process."""
    key = (id(guest), modules)
    if key not in _known:
        shelf = json.loads(_ask(guest, "shelf"))
        shelved = tuple(m.name for m in modules if shelf.get(m.name) == _digest(m))
        others = tuple(m for m in modules if m.name not in shelved)
        code = _ask(guest, "compile", frames.encode_modules(others)) if others else ""
        if code.startswith("!"):
            raise SandboxError(f"a module of the job does not compile: {code[1:]}")
        _known[key] = _Brought(shelved, code)
    return _known[key]


def _digest(module: GuestModule) -> str:
    return hashlib.sha256(module.source.encode("utf-8", "surrogatepass")).hexdigest()


def _ask(guest: engine.Guest, export: str, *texts: str) -> str:
    """Call an export that runs nothing of a candidate."""
    answer = guest.call(_OWN_LIMITS, export, *texts)
    if answer.text is None:
        raise SandboxError(f"the guest failed at {export!r}: {answer.trap}")
    return answer.text
