"""Which function of a program is its entry, also when evolution has renamed it.

1. The name that was asked for, if the program's namespace has it and it can be called.
2. Otherwise, among the functions that the program itself defined at its top level and that can
   be called with the given arguments, the one whose name is most like the one asked for; between
   equally similar names the one defined last.

Evolved programs rename `make_walker` to `walker` or `make_walk` and give it arguments with
defaults (arXiv 2206.08896, its listings), so both steps are needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from types import FunctionType


class NoEntryError(Exception):
    """A program has nothing that could be called."""


Entry = tuple[str, Callable[..., object]]
_SHOWN = 5  # names in the message when nothing can be called


def find(namespace: Mapping[str, object], name: str, args: Sequence[object], own: str) -> Entry:
    """Return the name and the function to call.

    Args:
        namespace: The globals of the program after it ran.
        name: The name asked for.
        args: Arguments of the call to come.
        own: File name under which the program was compiled; tells its functions from imported ones.

    Raises:
        NoEntryError: Nothing can be called; the message says what was found instead.
    """
    asked = namespace.get(name)
    if callable(asked):
        return name, asked
    defined = {
        key: value
        for key, value in namespace.items()
        if type(value) is FunctionType and value.__code__.co_filename == own
    }
    fitting = [(key, value) for key, value in defined.items() if _accepts(value, args)]
    if not fitting:
        raise NoEntryError(_nothing(name, args, namespace, defined))
    return max(fitting, key=lambda pair: _rank(pair[0], pair[1], name))


def _accepts(function: FunctionType, args: Sequence[object]) -> bool:
    try:
        inspect.signature(function).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


def _rank(key: str, function: FunctionType, name: str) -> tuple[float, int]:
    return similarity(key, name), function.__code__.co_firstlineno


def similarity(one: str, other: str) -> float:
    """Return how alike two names are, in [0, 1], whatever their case."""
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()


def _nothing(
    name: str,
    args: Sequence[object],
    namespace: Mapping[str, object],
    defined: Mapping[str, FunctionType],
) -> str:
    wanted = f"{name}()" if not args else f"{name} with {len(args)} argument(s)"
    found = [f"{key}{_signature(value)}" for key, value in defined.items()]
    if name in namespace:
        found.insert(0, f"{name} = {type(namespace[name]).__name__}")
    shown = ", ".join(found[:_SHOWN]) or "no function"
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"expected a function {wanted}, found {shown}{more}"


def _signature(function: FunctionType) -> str:
    try:
        return "(" + ", ".join(inspect.signature(function).parameters) + ")"
    except (TypeError, ValueError):
        return "(?)"
