"""Whether two programs are the same up to the names of their local variables.

Two texts count as the same if their syntax trees are equal after every local name was replaced by
the number of its first occurrence. So layout, comments and the choice of local names do not count.
What others can see or say does: names of parameters (callers may pass them by name), attributes,
functions and classes of the module, methods, globals, and every name of a program that looks at
its own variables (`locals`, `vars`, `eval`, `exec`, `dir`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ulmus.study.scopes import Place, Scope, occurrences, parsed

LOOKS_AT_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})


def same_up_to_names(first: str, second: str) -> bool:
    """Tell whether two programs have the same syntax tree up to the names of local variables.

    Args:
        first: A program, or one function or method, indented or not.
        second: Another one.

    Returns:
        False too if one of them does not parse or is nested too deeply to tell.
    """
    one, other = canonical(first), canonical(second)
    return one is not None and one == other


def canonical(text: str) -> str | None:
    """Return a text that is equal for programs that are the same; None if it does not parse."""
    tree = parsed(text)
    if tree is None:
        return None
    try:
        places = list(occurrences(tree))
        if not any(place.name in LOOKS_AT_NAMES for place in places):
            _rename(places)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                node.kind = None  # u"" and "" are the same text
        return ast.dump(tree)
    except RecursionError:
        return None


@dataclass
class _Numbers:
    """Numbers of names in the order in which they come."""

    given: dict[tuple[int, str], str] = field(default_factory=dict)

    def name(self, scope: Scope, name: str) -> str:
        """Return the name that stands for a name of a scope; no program can write it."""
        return self.given.setdefault((id(scope), name), f"<{len(self.given)}>")


def _rename(places: list[Place]) -> None:
    numbers = _Numbers()
    for place in places:
        owner = place.scope.owner(place.name)
        if owner is not None and owner.is_local(place.name):
            place.put(numbers.name(owner, place.name))
