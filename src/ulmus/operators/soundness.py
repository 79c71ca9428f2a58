"""What is sure to fail without running it: text that does not parse, names that nothing binds.

Every language model's child is looked at before it costs an evaluation; what is found here would
have ended with a SyntaxError or a NameError, nothing else is judged.
"""

from __future__ import annotations

import builtins
import symtable
import warnings
from collections.abc import Iterator
from functools import lru_cache

from ulmus.operators.positions import MAX_PARENT_CHARS

DOES_NOT_PARSE = "child does not parse"
UNKNOWN_NAME = "child uses an unknown name"
TOO_LONG = "child is too long"

FAULTS = (DOES_NOT_PARSE, UNKNOWN_NAME, TOO_LONG)
"""What `fault` may answer besides None."""

_BUILT_IN = frozenset(dir(builtins))


def fault(parent: str, child: str) -> str | None:
    """Return why a child is sure to fail, or None.

    A name counts as unknown if the child reads it, nothing in the child binds it, it is not
    built in, and the parent did not read it either: what a problem hands into the program's
    namespace cannot be known here, and the parent has run.

    Args:
        parent: Text of a program that is taken to run.
        child: Text of its child.

    Returns:
        `DOES_NOT_PARSE`, `UNKNOWN_NAME`, `TOO_LONG` or None.
    """
    if len(child) > MAX_PARENT_CHARS:
        return TOO_LONG
    names = unbound_names(child)
    if names is None:
        return DOES_NOT_PARSE
    if names and not names <= (unbound_names(parent) or frozenset()):
        return UNKNOWN_NAME
    return None


@lru_cache(maxsize=256)
def unbound_names(source: str, *, hasty: bool = False) -> frozenset[str] | None:
    """Return the names that a program reads and does not bind, built-in ones left out.

    Args:
        source: Text of the program.
        hasty: Whether a fault that only the compiler finds, such as a stray `return`, may pass.

    Returns:
        None if the program does not compile; no names if it imports everything from somewhere.
    """
    module = _symbols(source, hasty)
    if module is None:
        return None
    if "import *" in source:
        return frozenset()
    bound = {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported()}
    read: set[str] = set()
    for table in _scopes(module):
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(name)
            elif symbol.is_referenced() and (table is module or symbol.is_global()):
                read.add(name)
    return frozenset(read - bound - _BUILT_IN - {"__file__", "__name__"})


@lru_cache(maxsize=256)
def bound_names(source: str) -> frozenset[str]:
    """Return the names that a program binds anywhere; none if it does not compile."""
    module = _symbols(source)
    return frozenset(
        symbol.get_name()
        for table in (_scopes(module) if module else ())
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_parameter()
    )


def _symbols(source: str, hasty: bool = False) -> symtable.SymbolTable | None:
    """Return the names of a module, None if it does not compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if not hasty:
                compile(source, "program", "exec", dont_inherit=True)
            return symtable.symtable(source, "program", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _scopes(module: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Yield a table and all within it."""
    tables = [module]
    while tables:
        tables.extend(tables[0].get_children())
        yield tables.pop(0)
