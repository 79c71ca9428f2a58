"""Which names a program uses and binds, in order, and what roles they have."""

from __future__ import annotations

from ulmus.operators.roles import Roles
from ulmus.operators.scope import Scopes

NUMERIC = frozenset(
    """len abs int float round sum min max pow sin cos tan sqrt atan atan2 exp log hypot
    floor ceil radians degrees fabs random uniform randint""".split()  # noqa: SIM905
)
"""Functions that give numbers, whatever stands before their name."""

TAKES_NUMBERS = NUMERIC - {"len", "sum", "min", "max"} | {"range"}
"""Functions whose arguments are numbers."""

TAKES_ANYTHING = frozenset(
    "print len list tuple set dict str sum min max sorted reversed zip map".split()  # noqa: SIM905
)
"""Functions whose arguments have nothing in common from call to call."""

TAKES_CONTAINERS = TAKES_ANYTHING - {"print", "str", "min", "max"}
"""Those of them that take what contains others."""

KEEPS = frozenset(("list", "tuple", "set", "sorted", "reversed"))
"""Functions that give what they take, in another order or container."""


class NameReader:
    """Notes names as they come.

    Attributes:
        scopes: Who binds what.
        roles: The roles that are known so far.
        scope: Index of the scope that is being read.
        events: Names in order, each with True where it is bound and False where it is used.
    """

    def __init__(self) -> None:
        self.scopes = Scopes()
        self.roles = Roles()
        self.scope = 0
        self.events: list[tuple[str, bool]] = []

    def needs(self, mark: int) -> tuple[str, ...]:
        """Return the names that come first as a use, among the events since a mark."""
        num_events = len(self.events) - mark
        if num_events < 2:  # most expressions need one name or none
            name, bound = self.events[mark] if num_events else ("", True)
            return () if bound else (name,)
        first = dict(reversed(self.events[mark:]))  # the earliest one of a name comes last
        names = dict.fromkeys([name for name, _ in self.events[mark:]])
        return tuple([name for name in names if not first[name]])

    def forget(self, mark: int, inner: int) -> None:
        """Drop the names of an inner scope from the events since a mark."""
        own = self.scopes.scopes[inner].bound
        self.events[mark:] = [
            (name, False) for name, bound in self.events[mark:] if not bound and name not in own
        ]

    def variable(self, name: str) -> int:
        """Return the role of a name as seen from the current scope."""
        return self.roles.of("name", self.scopes.owner(name, self.scope), name)

    def bind(self, name: str, offset: int) -> int:
        """Bind a name in the current scope and return its role."""
        self.scopes.scopes[self.scope].bind(name, offset)
        self.events.append((name, True))
        return self.roles.of("name", self.scope, name)
