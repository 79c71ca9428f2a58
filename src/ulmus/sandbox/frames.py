"""What goes into the guest and what is believed of what comes out.

The way in is one JSON object in pure ASCII. The way out is a head and a value, two JSON documents
with a line feed between them (see `guest/runner.py`). The program shares its interpreter with the
code that writes the answer, so an answer may be anything at all: every byte is checked here, and
whatever does not fit is a status, never an exception.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

from ulmus.records import GuestModule, Job, Json, Outcome, Status
from ulmus.sandbox.guest.plain_data import MAX_DEPTH, MAX_NODES, why_not_plain

MAX_SOURCE_CHARS = 1024 * 1024
"""Longest program text; compiling more is a waste of everybody's time."""

_HEAD_ROOM = 16 * 1024  # bytes of the head besides the printed text
_ESCAPED = 6  # bytes that one byte of printed text can take in JSON
_TEXT_BYTES = 1000  # longest error message that is kept
_SMALL_INT = 2**63
_NAME_CHARS = 200  # longest entry name that is believed
_HEAD_TYPES: dict[str, tuple[type, ...]] = {
    "status": (str,),
    "error": (str, type(None)),
    "entry": (str, type(None)),
    "stdout": (str,),
}
_SAID = {Status.OK, Status.ERROR, Status.MEMORY, Status.OUTPUT}


def refusal(job: Job) -> Outcome | None:
    """Return the outcome of a job that need not be run to know how it ends."""
    if len(job.source) > MAX_SOURCE_CHARS:
        text = f"program has {len(job.source)} characters, at most {MAX_SOURCE_CHARS} are allowed"
        return Outcome(Status.ERROR, error=text)
    fault = why_not_plain(list(job.args))
    if fault is not None:
        return Outcome(Status.ERROR, error=f"arguments of the job are not plain data: {fault}")
    return None


def encode_modules(modules: tuple[GuestModule, ...]) -> str:
    """Return the text that asks the guest to compile modules."""
    return json.dumps({module.name: module.source for module in modules})


def encode(job: Job, shelved: tuple[str, ...] = ()) -> str:
    """Return the text of a job, without the modules that it brings.

    Args:
        job: The job.
        shelved: Names of those of its modules that the guest has loaded already.
    """
    text = {
        "source": job.source,
        "entry": job.entry,
        "args": job.args,
        "scope": job.scope,
        "shelved": shelved,
        "seed": job.seed,
        "stdout_bytes": job.limits.stdout_bytes,
        "output_bytes": job.limits.output_bytes,
    }
    return json.dumps(text)


def decode(answer: str, job: Job, fuel: int) -> Outcome:
    """Check an answer of the guest and return it as an outcome."""
    limits = job.limits
    head_text, feed, body = answer.partition("\n")
    if not feed or len(head_text) > _HEAD_ROOM + _ESCAPED * limits.stdout_bytes:
        return _garbled("it is not a head and a value", fuel)
    try:
        head = _STRICT.decode(head_text)
    except (ValueError, RecursionError):
        return _garbled("its head is not JSON", fuel)
    fault = _head_fault(head)
    if fault is not None:
        return _garbled(fault, fuel)
    outcome = _said(head, limits.stdout_bytes, fuel)
    return outcome if outcome.status != Status.OK else _with_value(outcome, body, job)


def _with_value(outcome: Outcome, body: str, job: Job) -> Outcome:
    """Return the outcome with its value, or with what is wrong with the value."""
    limit = job.limits.output_bytes
    value: Json = None
    if len(body) > limit:
        fault: str | None = f"value takes {len(body)} bytes, at most {limit} are allowed"
    else:
        try:
            value = _QUICK.decode(body)
            if not _is_sound(value):
                value = _STRICT.decode(body)
        except (ValueError, RecursionError):
            return _garbled("its value is not JSON", outcome.fuel)
        fault = None if _is_sound(value) else why_not_plain(value, MAX_NODES)
    status = Status.OK if fault is None else Status.OUTPUT
    kept = value if fault is None else None
    return Outcome(status, kept, fault, outcome.stdout, outcome.fuel, outcome.entry)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits} is beyond a float")
    return number


_STRICT = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_QUICK = json.JSONDecoder(parse_constant=_no_constant)
"""Reads a number beyond a float as infinite, and is twice as fast."""


def _is_sound(value: object) -> bool:
    """Tell at a quick look whether a value is plain data; False means to look more closely.

    Args:
        value: What a JSON decoder made.
    """
    level: list[Any] = [value]
    left = MAX_NODES
    for _ in range(MAX_DEPTH):
        left -= len(level)
        deeper: list[Any] = []
        for part in level:
            kind = type(part)
            if kind is float:
                if not isfinite(part):
                    return False
            elif kind is int:
                if not -_SMALL_INT < part < _SMALL_INT:
                    return False
            elif kind is list:
                deeper += part
            elif kind is str:
                if not part.isascii():
                    return False
            elif kind is dict:
                if not all(map(str.isascii, part)):
                    return False
                deeper += part.values()
        if not deeper:
            return left >= 0
        level = deeper
    return False


def _head_fault(head: object) -> str | None:
    """Return what is wrong with the head of an answer."""
    if type(head) is not dict or head.keys() != _HEAD_TYPES.keys():
        return "its head has the wrong keys"
    for key, types in _HEAD_TYPES.items():
        if type(head[key]) not in types:
            return f"its {key} is of the wrong type"
    if head["status"] not in _SAID:
        return "its status is unknown"
    if (head["status"] == Status.OK) != (head["error"] is None):
        return "its status and its error do not agree"
    return None


def _said(head: dict[str, Any], stdout_bytes: int, fuel: int) -> Outcome:
    """Return what a well-formed head says, with every text cut and cleaned."""
    error = None if head["error"] is None else clean(head["error"], _TEXT_BYTES)
    entry = None if head["entry"] is None else clean(head["entry"], _NAME_CHARS)
    stdout = clean(head["stdout"], stdout_bytes)
    return Outcome(Status(head["status"]), None, error, stdout, fuel, entry)


def clean(text: str, limit: int) -> str:
    """Return the head of a text, at most `limit` bytes of valid UTF-8."""
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def _garbled(why: str, fuel: int) -> Outcome:
    return Outcome(Status.VIOLATION, error=f"garbled answer: {why}", fuel=fuel)
