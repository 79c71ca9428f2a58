"""What counts as plain data, and where a value leaves it.

Plain data is what JSON can say with numbers that every reader agrees on: None, bool, int of 64
bits, finite float, str that UTF-8 can write, list (a tuple becomes one) and dict with str keys,
nested at most `MAX_DEPTH` deep. The same rule is applied twice: in the guest, to tell the author
of a program what is wrong, and by the host, which believes nothing that the guest says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_DEPTH = 100
"""Deepest nesting; well below what any JSON reader can take."""

MAX_NODES = 100_000
"""Most values in one result; 1 MiB of ordinary numbers has about 55,000."""

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_SHOWN_CHARS = 40
_SHOWN_PATH_CHARS = 80
_LEAVES = frozenset((float, int, str, bool, type(None)))
_TEXT = frozenset((str,))


def is_ordinary(value: object, max_nodes: int) -> bool:
    """Tell whether a value has ordinary parts and str keys only and is neither deep nor large.

    A quick look before encoding: an encoder turns other keys into str without a word, and dies of
    depth. False means that `why_not_plain` must be asked, which takes four times as long.
    """
    level: list[Any] = [value]
    num_nodes = 1
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for part in level:
            kind = type(part)
            if kind in _LEAVES:
                continue
            if kind is list or kind is tuple:
                deeper += part
            elif kind is dict and _TEXT.issuperset(map(type, part)):
                deeper += part.values()
            else:
                return False
            if num_nodes + len(deeper) > max_nodes:
                return False
        if not deeper:
            return True
        num_nodes += len(deeper)
        level = deeper
    return False


def why_not_plain(value: object, max_nodes: int = MAX_NODES) -> str | None:
    """Return None if a value is plain data, else what is wrong and where.

    Such as "value['joints'][3][1] is nan". Never raises for anything that JSON can produce.
    """
    fault = _Check(max_nodes).fault(value, 0)
    if fault is None:
        return None
    if len(fault) > 2 * _SHOWN_PATH_CHARS:
        fault = f"{fault[:_SHOWN_PATH_CHARS]}…{fault[-_SHOWN_PATH_CHARS:]}"
    return "value" + fault


class _Check:
    """One walk through a value, which ends at the first fault."""

    __slots__ = ("left",)

    def __init__(self, max_nodes: int) -> None:
        self.left = max_nodes

    def fault(self, item: object, depth: int) -> str | None:
        """Return the path from an item to its first fault, and what the fault is."""
        self.left -= 1
        if self.left < 0:
            return " has too many parts"
        if isinstance(item, float):
            return None if item - item == 0.0 else f" is {item}"
        if item is None or isinstance(item, bool):
            return None
        if isinstance(item, int):
            return None if _INT_MIN <= item <= _INT_MAX else " is an integer beyond 64 bits"
        if isinstance(item, str):
            return " has a lone surrogate" if _has_surrogate(item) else None
        if not isinstance(item, (list, tuple, dict)):
            return f" is {_kind(item)}, not plain data"
        if depth >= MAX_DEPTH:
            return f" is nested deeper than {MAX_DEPTH} levels"
        if isinstance(item, dict):
            return _key_fault(item) or self._in_dict(item, depth + 1)
        return self._in_list(item, depth + 1)

    def _in_list(self, items: Sequence[object], depth: int) -> str | None:
        for index, item in enumerate(items):
            fault = self.fault(item, depth)
            if fault is not None:
                return f"[{index}]{fault}"
        return None

    def _in_dict(self, items: dict[str, object], depth: int) -> str | None:
        for key, item in items.items():
            fault = self.fault(item, depth)
            if fault is not None:
                return f"[{key[:_SHOWN_CHARS]!r}]{fault}"
        return None


def _key_fault(items: dict[Any, object]) -> str | None:
    for key in items:
        if not isinstance(key, str):
            return f" has a key of type {type(key).__name__[:_SHOWN_CHARS]}, expected str"
        if _has_surrogate(key):
            return " has a key with a lone surrogate"
    return None


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _kind(value: object) -> str:
    name = type(value).__name__[:_SHOWN_CHARS]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
