"""What counts as plain data, and where a value leaves it.

Plain data is what JSON can say with numbers that every reader agrees on: None, bool, int of 64
bits, finite float, str that UTF-8 can write, list (a tuple becomes one) and dict with str keys,
nested at most `MAX_DEPTH` deep. The same rule is applied twice: in the guest, to tell the author
of a program what is wrong, and by the host, which believes nothing that the guest says.
"""

from __future__ import annotations

MAX_DEPTH = 100
"""Deepest nesting; well below what any JSON reader can take."""

MAX_NODES = 200_000
"""Most values in one result; 1 MiB of ordinary numbers has about 55,000."""

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_SHOWN_KEY = 40


class _Count:
    """How many values have been seen."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


def why_not_plain(value: object, max_nodes: int = MAX_NODES) -> str | None:
    """Return None if a value is plain data, else what is wrong and where.

    Such as "value['joints'][3][1] is nan". Never raises for anything that JSON can produce.
    """
    fault = _fault(value, 0, _Count(max_nodes))
    return None if fault is None else "value" + fault


def _fault(value: object, depth: int, count: _Count) -> str | None:
    """Return the path from `value` to the fault and its description."""
    count.left -= 1
    if count.left < 0:
        return " has too many parts"
    if isinstance(value, float):
        return None if value - value == 0.0 else f" is {value}"
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, (list, tuple, dict)):
        if depth >= MAX_DEPTH:
            return f" is nested deeper than {MAX_DEPTH} levels"
        return (
            _dict_fault(value, depth, count)
            if isinstance(value, dict)
            else _list_fault(value, depth, count)
        )
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if _INT_MIN <= value <= _INT_MAX else " is an integer beyond 64 bits"
    return f" is {_kind(value)}, not plain data"


def _list_fault(items: list[object] | tuple[object, ...], depth: int, count: _Count) -> str | None:
    for index, item in enumerate(items):
        fault = _fault(item, depth + 1, count)
        if fault is not None:
            return f"[{index}]{fault}"
    return None


def _dict_fault(items: dict[object, object], depth: int, count: _Count) -> str | None:
    for key, item in items.items():
        if not isinstance(key, str):
            return f" has a key of type {type(key).__name__}, expected str"
        if not key.isascii() and _text_fault(key):
            return " has a key with a lone surrogate"
        fault = _fault(item, depth + 1, count)
        if fault is not None:
            return f"[{key[:_SHOWN_KEY]!r}]{fault}"
    return None


def _text_fault(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return " has a lone surrogate"
    return None


def _kind(value: object) -> str:
    name = type(value).__name__[:_SHOWN_KEY]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
