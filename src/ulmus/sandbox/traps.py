"""How a call into the guest ended that gave no answer."""

from __future__ import annotations

import re

from ulmus.records import Limits, Outcome, Status
from ulmus.sandbox.joining import OUTSIDE

_FRAME = re.compile(r"^\s+\d+:\s+(?:0x[0-9a-f]+ - )?guest!(\S+?)!(.+)$", re.MULTILINE)


def outcome(trap: str, limits: Limits, fuel: int) -> Outcome:
    """Return the outcome that belongs to the words of a trap."""
    status, error = _classify(trap, limits)
    return Outcome(status, error=error, fuel=fuel)


def _classify(trap: str, limits: Limits) -> tuple[Status, str]:
    if "all fuel consumed" in trap:
        return Status.TIMEOUT, f"used up its fuel of {limits.fuel} instructions"
    if "wasm trap: interrupt" in trap:
        return Status.TIMEOUT, f"ran longer than {limits.timeout_s:g} s"
    if "exceeds memory limits" in trap:
        return Status.MEMORY, f"{limits.memory_bytes} bytes are less than the interpreter takes"
    if "call stack exhausted" in trap:
        return Status.CRASHED, "call stack exhausted: recursion too deep"
    if "`unreachable`" in trap:
        return _unreachable(trap)
    last_line = trap.strip().rpartition("\n")[2].strip()
    return Status.CRASHED, f"the interpreter crashed: {last_line or 'no reason given'}"


def _unreachable(trap: str) -> tuple[Status, str]:
    """Tell a reach for the outside from an interpreter that gave up.

    Every way out was replaced by a stub that traps. The build names each function of the guest
    "library!function" and gives the stubs a library of their own, see `ulmus.sandbox.joining`.
    """
    frames = _FRAME.findall(trap)
    if any("fatal_error" in name for _, name in frames):  # it dies while it tries to say so
        return Status.CRASHED, "the interpreter found itself broken and gave up"
    if frames and frames[0][0] == OUTSIDE:
        named = [name for library, name in frames if library == "libc.so"]
        return Status.VIOLATION, f"tried to reach the outside: {_reach(named)}"
    where = frames[0][1] if frames else "unknown place"
    return Status.CRASHED, f"the interpreter gave up in {where}"


def _reach(named: list[str]) -> str:
    """Name what was tried: the outermost function of the C library, such as "open"."""
    return named[-1] if named else "unknown call"
