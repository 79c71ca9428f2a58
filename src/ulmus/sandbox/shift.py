"""One piece of work in a thread of its own: a large stack and a watched clock.

The clock is the backstop behind fuel: a single instruction that copies 100 MB costs one unit of
fuel. It counts the processor time of the working thread where the system can tell (Linux), so
that other processes on a busy machine do not bring a limit nearer; elsewhere the wall clock.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

STACK_BYTES = 16 * 1024 * 1024
"""Stack of the guest's own code. With wasmtime's 512 KiB most deep recursions ended the guest;
with this CPython notices nearly all of them first and raises RecursionError."""

TICK_S = 0.05
"""How often the backstop clock moves, and so how exact it is."""

_THREAD_STACK_BYTES = STACK_BYTES + 8 * 1024 * 1024
_ALL_TICKS = 100_000  # 5,000 s: beyond every sensible deadline

T = TypeVar("T")
Tick = Callable[[], None]
Work = Callable[[threading.Event], T]
"""Gets an event that tells it to stop as soon as it can."""


class Shift(Generic[T]):
    """Starts the work at once; `wait` gives what it returns or raises what it raises."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._stop = threading.Event()
        self._result: Future[T] = Future()
        self._clock: int | None = None
        self._thread = threading.Thread(target=self._run, name="ulmus-sandbox", daemon=True)
        before = threading.stack_size(_THREAD_STACK_BYTES)
        try:
            self._thread.start()
        finally:
            threading.stack_size(before)

    def wait(self, tick: Tick) -> T:
        """Wait for the end and call `tick` once for each tick time that the work takes."""
        begin_s, ticks = self._spent_s(), 0
        while not self._result.done():
            with contextlib.suppress(TimeoutError):
                self._result.result(TICK_S)
            for _ in range(int((self._spent_s() - begin_s) / TICK_S) - ticks):
                tick()
                ticks += 1
        self._thread.join()
        return self._result.result()

    def end(self, tick: Tick) -> None:
        """Tell the work to stop, bring every deadline about and wait for the end."""
        self._stop.set()
        if not self._result.done():
            for _ in range(_ALL_TICKS):
                tick()
        self._thread.join()

    def _run(self) -> None:
        if hasattr(time, "pthread_getcpuclockid"):
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        try:
            self._result.set_result(self._work(self._stop))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
            self._result.set_exception(error)

    def _spent_s(self) -> float:
        """Return the seconds that the thread has worked, counted from some moment."""
        if self._clock is None:
            return 0.0 if hasattr(time, "pthread_getcpuclockid") else time.monotonic()
        with contextlib.suppress(OSError):  # the thread has just ended, and its clock with it
            return time.clock_gettime(self._clock)
        return 0.0
