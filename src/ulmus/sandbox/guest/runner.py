"""Runs one job: namespace, program, entry, encoding of the result.

The answer is two JSON documents with a line feed between them: a head with the keys "status",
"error", "entry" and "stdout", and the value ("null" unless the status is "ok"). Both are pure
ASCII, so that no line feed and no odd character can confuse the reader.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, NoReturn

from . import determinism, entry, modules, preload
from .output import Capture
from .plain_data import MAX_NODES, is_ordinary, why_not_plain

FILE = "<program>"
_NAME_CHARS = 40  # longest exception name in a message
_TEXT_CHARS = 500  # longest exception text in a message

_decoder: Any = json.JSONDecoder()
_decode = _decoder.scan_once  # without the search for blanks round the document
_stdin = io.StringIO()
_alive: list[object] = []
"""What a job made. Nothing is ever freed: the guest ends with the job, taking things apart costs
time, and taking a deep value apart exhausts the stack."""

_exec = exec
_compile = compile


def run(text: str, code: str) -> str:
    """Run a job and return the answer; never raises for what a program does.

    Args:
        text: The job, a JSON object.
        code: Its modules, as `modules.compile_sources` made them.
    """
    job, _ = _decode(text, 0)
    preload.close_imports()
    determinism.reseed(job["seed"])
    capture = Capture(job["stdout_bytes"])
    streams: Any = sys
    streams.stdin = streams.__stdin__ = _stdin
    streams.stdout = streams.stderr = streams.__stdout__ = streams.__stderr__ = capture
    head: dict[str, object] = {"status": "ok", "error": None, "entry": None}
    body = "null"
    try:
        value = _call(job, code, head)
        _alive.append(value)
        sys.setrecursionlimit(determinism.RECURSION_LIMIT)
        body = _render(value, job["output_bytes"], head)
    except entry.NoEntryError as error:
        head["status"], head["error"] = "error", f"no entry: {error}"
    except MemoryError as error:
        # The parser says with words, and otherwise without need, that a program is too nested.
        head["status"] = "error" if error.args else "memory"
        head["error"] = describe(error)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: the border of the guest
        head["status"], head["error"] = "error", describe(error)
    head["stdout"] = capture.text()
    return _encode(head) + "\n" + body


def forget() -> None:
    """Free what jobs made; only for the rehearsal."""
    _alive.clear()


def _call(job: dict[str, Any], code: str, head: dict[str, object]) -> object:
    """Run the program, then its entry, and return what the entry returned."""
    source: str = job["source"]
    finder = modules.Finder(code, job["shelved"])
    sys.meta_path.insert(0, finder)
    namespace: dict[str, Any] = {"__name__": "__program__", "__file__": FILE}
    _alive.append(namespace)
    modules.bind(namespace, job["scope"], source, finder)
    _exec(_compile(source, FILE, "exec", dont_inherit=True), namespace)
    name, function = entry.find(namespace, job["entry"], job["args"], FILE)
    head["entry"] = name
    return function(*job["args"])


def _render(value: object, output_bytes: int, head: dict[str, object]) -> str:
    """Encode a result, or say in the head why it cannot be."""
    limit = min(MAX_NODES, output_bytes)
    fault = None if is_ordinary(value, limit) else why_not_plain(value, limit)
    body = ""
    if fault is None:
        try:
            body = _encode(value)
        except (ValueError, TypeError, RecursionError) as error:
            fault = why_not_plain(value, limit) or f"value cannot be encoded: {error}"
    if len(body) > output_bytes:
        fault = f"value takes more than {output_bytes} bytes"
    if fault is None:
        return body
    head["status"], head["error"] = "output", fault
    return "null"


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} is not plain data")


_write = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, _refuse, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, False
)


def _encode(value: object) -> str:
    """Return a value as JSON in pure ASCII; the writer is made once, not at every call.

    Raises:
        ValueError: A float is not finite.
        TypeError: Something is not plain data.
    """
    return "".join(_write(value, 0))


def describe(error: BaseException) -> str:
    """Return "TypeName: text (line N)", N being the line of the program."""
    name = type(error).__name__[:_NAME_CHARS]
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # noqa: BLE001 - `__str__` belongs to the program
        text = "?"
    line = _line(error)
    where = f" (line {line})" if line else ""
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
