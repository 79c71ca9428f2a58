"""How the words of a trap become a status."""

from __future__ import annotations

import pytest

from ulmus.records import Limits, Status
from ulmus.sandbox import traps

STUB = """error while executing at wasm backtrace:
    0: 0xaaede5 - guest!outside!get-directories
    1: 0xac4c4a - guest!libc.so!filesystem_preopens_get_directories
    2: 0xabc7a6 - guest!libc.so!open
    3: 0xf2c58f - guest!libpython3.14.so!_io_FileIO___init__

Caused by:
    wasm trap: wasm `unreachable` instruction executed
"""
ABORT = """error while executing at wasm backtrace:
    0: 0xabbe05 - guest!libc.so!abort
    1: 0xf07850 - guest!libpython3.14.so!os_abort

Caused by:
    wasm trap: wasm `unreachable` instruction executed
"""
FATAL = STUB.replace("libc.so!open", "libc.so!write").replace("_io_FileIO___init__", "fatal_error")


@pytest.mark.parametrize(
    ("trap", "status", "words"),
    [
        (STUB, Status.VIOLATION, "tried to reach the outside: open"),
        (FATAL, Status.CRASHED, "broken"),
        (ABORT, Status.CRASHED, "gave up in abort"),
        (
            "Caused by:\n    wasm trap: all fuel consumed by WebAssembly",
            Status.TIMEOUT,
            "fuel of 5",
        ),
        ("Caused by:\n    wasm trap: interrupt", Status.TIMEOUT, "longer than 0.5 s"),
        ("Caused by:\n    wasm trap: call stack exhausted", Status.CRASHED, "recursion"),
        ("Caused by:\n    wasm trap: out of bounds memory access", Status.CRASHED, "out of bounds"),
        ("", Status.CRASHED, "crashed"),
    ],
)
def test_every_trap_has_a_status(trap: str, status: Status, words: str) -> None:
    outcome = traps.outcome(trap, Limits(fuel=5, timeout_s=0.5), 3)
    assert outcome.status == status
    assert words in str(outcome.error)
    assert (outcome.value, outcome.fuel) == (None, 3)
