"""Runs one job: namespace, program, entry, encoding of the result.

The answer is two JSON documents with a line feed between them: a head with the keys "status",
"error", "entry" and "stdout", and the value ("null" unless the status is "ok"). Both are pure
ASCII, so that no line feed and no odd character can confuse the reader.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from . import determinism, entry, modules, preload
from .output import Capture
from .plain_data import MAX_NODES, why_not_plain

FILE = "<program>"
_NAME_CHARS = 40  # longest exception name in a message
_TEXT_CHARS = 500  # longest exception text in a message

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().decode
_exec = exec
_compile = compile


def run(text: str) -> str:
    """Run a job given as JSON and return the answer; never raises for what a program does."""
    job = _decode(text)
    if "compile" in job:
        return modules.compile_source(job["name"], job["compile"])
    preload.close_imports()
    determinism.reseed(job["seed"])
    capture = Capture(job["stdout_bytes"])
    streams: Any = sys
    streams.stdout = streams.stderr = streams.__stdout__ = streams.__stderr__ = capture
    head: dict[str, object] = {"status": "ok", "error": None, "entry": None}
    body = "null"
    try:
        value = _call(job, head)
        body = _render(value, job["output_bytes"], head)
    except MemoryError as error:
        head["status"], head["error"] = "memory", describe(error)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: the border of the guest
        head["status"], head["error"] = "error", describe(error)
    head["stdout"] = capture.text()
    return _encode(head) + "\n" + body


def _call(job: dict[str, Any], head: dict[str, object]) -> object:
    """Run the program, then its entry, and return what the entry returned."""
    source: str = job["source"]
    finder = modules.Finder(job["modules"])
    sys.meta_path.insert(0, finder)
    namespace: dict[str, Any] = {"__name__": "__program__", "__file__": FILE}
    modules.bind(namespace, job["scope"], source, finder)
    _exec(_compile(source, FILE, "exec", dont_inherit=True), namespace)
    name, function = entry.find(namespace, job["entry"], job["args"], FILE)
    head["entry"] = name
    return function(*job["args"])


def _render(value: object, output_bytes: int, head: dict[str, object]) -> str:
    """Encode a result, or say in the head why it cannot be."""
    fault = why_not_plain(value, min(MAX_NODES, output_bytes))
    body = "null" if fault else _encode(value)
    if fault is None and len(body) > output_bytes:
        fault = f"value takes {len(body)} bytes, at most {output_bytes} are allowed"
    if fault is None:
        return body
    head["status"], head["error"] = "output", fault
    return "null"


def describe(error: BaseException) -> str:
    """Return "TypeName: text (line N)", N being the line of the program."""
    name = type(error).__name__[:_NAME_CHARS]
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # noqa: BLE001 - `__str__` belongs to the program
        text = "?"
    line = _line(error)
    where = f" (line {line})" if line else ""
    if isinstance(error, LookupError) and str(text).startswith("no entry"):
        return str(text)[:_TEXT_CHARS]
    return (f"{name}: {str(text)[:_TEXT_CHARS]}" if text else name) + where


def _line(error: BaseException) -> int | None:
    """Return the line of the program where an exception arose, None if it arose elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
