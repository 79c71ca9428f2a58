"""Worker processes on this machine: clean start, no Ctrl-C, never outliving their parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

PR_SET_PDEATHSIG = 1  # prctl(2)


class InlineExecutor(Executor):
    """Runs each task at once in this process; for tests, debugging and `--workers 0`."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


def local_executor(num_workers: int) -> Executor:
    """Return an executor on this machine.

    Args:
        num_workers: Worker processes; 0 runs everything in this process.
    """
    if num_workers == 0:
        return InlineExecutor()
    return ProcessPoolExecutor(
        num_workers,
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(os.getpid(),),
    )


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent and die with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: int) -> None:
    """Backstop where the system offers no signal, or where the parent died before it was set."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
