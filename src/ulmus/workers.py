"""Worker processes on this machine: clean start, no Ctrl-C, never outliving their parent."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from ulmus.errors import ConfigError
from ulmus.seeding import derive

PR_SET_PDEATHSIG = 1  # prctl(2)

HAS_MASKS = hasattr(signal, "pthread_sigmask")
"""False on Windows."""

THREAD_COUNTS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""A worker is one core; NumPy's threads would only spin beside it."""

COLLECT_AFTER = 50_000
"""New containers between two looks for cyclic garbage; Python's own 700 cost `syntax` a third of
its time, since thousands of views of programs are looked through again and again. Nothing in the
loop of a search makes cycles, so what piles up meanwhile is little (10 MB if all of it were)."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cyclic garbage rarely, and never among what exists already; changes no result."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class InlineExecutor(Executor):
    """Runs each task at once in this process; for tests, debugging and `--workers 0`."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


def local_executor(num_workers: int, files: Sequence[str] = ()) -> Executor:
    """Return an executor on this machine.

    Args:
        num_workers: Worker processes; 0 runs everything in this process.
        files: Python files whose classes the tasks mention; see `load_file`.
    """
    if num_workers == 0:
        return InlineExecutor()
    for name in THREAD_COUNTS:
        os.environ.setdefault(name, "1")  # inherited at the spawn, before NumPy is loaded
    return ProcessPoolExecutor(
        num_workers,
        mp_context=_Context(),
        initializer=_start_worker,
        initargs=(os.getpid(), tuple(files)),
    )


class _Process(SpawnProcess):
    """A process that Ctrl-C does not reach, not even while it starts."""

    def start(self) -> None:
        """Start with the signal held back; `_start_worker` lets go of it."""
        with _held_back():
            super().start()


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def _held_back() -> Iterator[None]:
    """Hold Ctrl-C back from this thread and from the processes that it starts meanwhile."""
    if not HAS_MASKS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_file(path: str) -> ModuleType:
    """Import a Python file of the user's under a name that is the same in every process.

    Raises:
        ConfigError: There is no such file.
    """
    file = Path(path).resolve()
    name = f"ulmus_file_{derive(0, str(file), 0, 0):016x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ConfigError(f"there is no Python file {path}")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _start_worker(parent: int, files: Sequence[str]) -> None:
    """Leave Ctrl-C to the parent and die with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    for file in files:
        load_file(file)


def _watch_parent(parent: int) -> None:
    """Backstop where the system offers no signal, or where the parent died before it was set."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
