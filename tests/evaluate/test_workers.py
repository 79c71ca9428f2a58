"""Worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ulmus.workers import local_executor


def children() -> list[int]:
    """Return the processes that this one has started, the tracker of resources left out."""
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    found = [int(number) for number in text.split()]
    return [n for n in found if b"resource_tracker" not in Path(f"/proc/{n}/cmdline").read_bytes()]


def test_ctrl_c_does_not_reach_a_worker_that_starts() -> None:
    before = set(children())
    with local_executor(1) as executor:
        future = executor.submit(os.getpid)
        (worker,) = set(children()) - before
        sent = 0
        while not future.done():
            os.kill(worker, signal.SIGINT)
            sent += 1
            time.sleep(0.005)
        assert future.result() == worker
        assert sent > 3
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
