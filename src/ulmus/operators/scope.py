"""Which names may be used where: functions, arguments, and what was assigned further up."""

from __future__ import annotations

from collections.abc import Iterable

BUILTINS = frozenset(
    """abs all any bool dict divmod enumerate filter float int isinstance len list map max min
    pow print range reversed round set sorted str sum tuple zip True False None
    """.split()  # noqa: SIM905
)
"""The built-in names that programs are taken to know."""

MODULE = 0
"""Index of the scope of the module itself."""


class Scope:
    """The names that one function, class, comprehension or module binds.

    Attributes:
        parent: Index of the scope around it, -1 for the module.
        kind: "module", "function", "class" or "inner" (a comprehension or a lambda).
        opened: Offset of the text at which it begins.
        bound: For each name the offset from which on it is bound.
    """

    __slots__ = ("bound", "kind", "opened", "parent")

    def __init__(self, parent: int, kind: str, opened: int) -> None:
        self.parent = parent
        self.kind = kind
        self.opened = opened
        self.bound: dict[str, int] = {}

    def bind(self, name: str, offset: int) -> None:
        """Note that a name is bound from an offset on; the first one counts."""
        if offset < self.bound.get(name, offset + 1):
            self.bound[name] = offset


class Scopes:
    """All scopes of a program.

    Attributes:
        scopes: The scopes; the first one is the module.
        outside: Names that are used and never bound, so they come from outside.
    """

    __slots__ = ("outside", "scopes")

    def __init__(self) -> None:
        self.scopes = [Scope(-1, "module", 0)]
        self.outside: frozenset[str] = frozenset()

    def open(self, parent: int, kind: str, offset: int) -> int:
        """Add a scope and return its index."""
        self.scopes.append(Scope(parent, kind, offset))
        return len(self.scopes) - 1

    def owner(self, name: str, scope: int) -> int:
        """Return the index of the scope that a name means, the module if none binds it yet."""
        index = scope
        while index > MODULE:
            here = self.scopes[index]
            if name in here.bound and (here.kind != "class" or index == scope):
                return index
            index = here.parent
        return MODULE

    def visible(self, name: str, scope: int, offset: int) -> bool:
        """Tell whether a name has a value at an offset in a scope, as far as text order tells."""
        index, before = scope, offset
        while index >= MODULE:
            here = self.scopes[index]
            bound = here.bound.get(name)
            if bound is not None and (here.kind != "class" or index == scope):
                return bound <= before
            if here.kind == "function":
                # A function runs later than it stands: what is around it is bound by then.
                before = 1 << 60
            index = here.parent
        return name in BUILTINS or name in self.outside

    def all_visible(self, names: Iterable[str], scope: int, offset: int) -> bool:
        """Tell whether all names have a value at an offset in a scope."""
        return all(self.visible(name, scope, offset) for name in names)

    def function(self, scope: int) -> int:
        """Return the index of the function or module whose statements a scope belongs to."""
        while self.scopes[scope].kind == "inner":
            scope = self.scopes[scope].parent
        return scope

    def names(self, scope: int, offset: int) -> list[str]:
        """Return the names that have a value at an offset in a scope, built-in ones excluded."""
        found: dict[str, None] = {}
        index = scope
        while index >= MODULE:
            here = self.scopes[index]
            for name in here.bound:
                if name not in found and self.visible(name, scope, offset):
                    found[name] = None
            index = here.parent
        return list(found)

    def taken(self) -> set[str]:
        """Return every name that the program binds anywhere."""
        return {name for scope in self.scopes for name in scope.bound}
