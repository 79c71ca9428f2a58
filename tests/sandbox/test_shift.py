"""One piece of work in a thread with a watched clock."""

from __future__ import annotations

import threading
import time

import pytest

from ulmus.sandbox.shift import TICK_S, Shift


def busy(seconds: float, stop: threading.Event) -> str:
    end = time.thread_time() + seconds
    while time.thread_time() < end and not stop.is_set():
        pass
    return "stopped" if stop.is_set() else "done"


def test_the_result_and_the_exception_come_through() -> None:
    assert Shift(lambda stop: 5).wait(lambda: None) == 5
    with pytest.raises(TimeoutError, match="mine"):
        Shift(fail).wait(lambda: None)


def fail(stop: threading.Event) -> int:
    raise TimeoutError("mine")


def test_the_clock_ticks_with_the_work() -> None:
    ticks = []
    shift = Shift(lambda stop: busy(6 * TICK_S, stop))
    assert shift.wait(lambda: ticks.append(1)) == "done"
    assert 3 <= len(ticks) <= 8


def test_waiting_work_uses_no_processor_time() -> None:
    if not hasattr(time, "pthread_getcpuclockid"):
        return
    ticks = []
    Shift(lambda stop: time.sleep(5 * TICK_S)).wait(lambda: ticks.append(1))
    assert ticks == []


def test_an_interrupt_stops_the_work() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    results = []
    shift = Shift(lambda stop: results.append(busy(30, stop)))
    with pytest.raises(KeyboardInterrupt):
        shift.wait(interrupt)
    ticks = []
    shift.end(lambda: ticks.append(1))
    assert results == ["stopped"]
    assert len(ticks) > 1000


def test_the_stack_size_of_other_threads_is_left_alone() -> None:
    before = threading.stack_size()
    Shift(lambda stop: None).wait(lambda: None)
    assert threading.stack_size() == before
