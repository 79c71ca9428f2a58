"""Which expressions of a program stand for the same sort of thing.

A light inference by unification, without a word about what the program is for: what is assigned
to a name, passed at the same position of the same function, put into the same list or compared
has the same role. So a mutation can put a joint where joints go and a number where numbers go.
It may err; then the child fails to run, and that is all.
"""

from __future__ import annotations

NUMBER, FLAG, TEXT = 0, 1, 2
"""The roles that are known from the start: numbers, truth values and strings."""


class Roles:
    """Disjoint sets of roles; each set may have a role for its elements."""

    __slots__ = ("_elements", "_index", "_keys", "_parents")

    def __init__(self) -> None:
        self._parents = [NUMBER, FLAG, TEXT]
        self._keys: dict[tuple[object, ...], int] = {}
        self._elements: dict[int, int] = {}
        self._index: dict[int, list[tuple[object, ...]]] | None = None

    def fresh(self) -> int:
        """Return a role of which nothing is known."""
        role = len(self._parents)
        self._parents.append(role)
        return role

    def find(self, role: int) -> int:
        """Return the representative of the set that a role belongs to."""
        parents = self._parents
        while parents[role] != role:
            parents[role] = role = parents[parents[role]]
        return role

    def of(self, *key: object) -> int:
        """Return the role that belongs to a key, such as ("returns", "add_joint")."""
        role = self._keys.get(key)
        if role is None:
            role = self._keys[key] = self.fresh()
            return role
        return self.find(role)

    def known(self, *key: object) -> int | None:
        """Return the role that belongs to a key, None if it never came up."""
        role = self._keys.get(key)
        return None if role is None else self.find(role)

    def keys(self, role: int) -> list[tuple[object, ...]]:
        """Return the keys whose role is the same; cheap as long as no roles are united."""
        if self._index is None:
            self._index = {}
            for key, other in self._keys.items():
                self._index.setdefault(self.find(other), []).append(key)
        return self._index.get(self.find(role), [])

    def element(self, role: int) -> int:
        """Return the role of what a list or an iterator of this role contains."""
        role = self.find(role)
        inner = self._elements.get(role)
        if inner is None:
            inner = self._elements[role] = self.fresh()
            return inner
        return self.find(inner)

    def has_elements(self, role: int) -> bool:
        """Tell whether something of this role is known to contain others."""
        return self.find(role) in self._elements

    def unite(self, one: int, other: int) -> int:
        """Make two roles the same, unless both are among the three basic ones.

        Returns:
            The representative of what `one` is now.
        """
        find, elements = self.find, self._elements
        a, b = find(one), find(other)
        while a != b and (a > TEXT or b > TEXT):
            low, high = (a, b) if a < b else (b, a)
            self._parents[high] = low
            self._index = None
            inner = elements.pop(high, None)
            if inner is None:
                break
            if low not in elements:
                elements[low] = inner
                break
            a, b = find(elements[low]), find(inner)  # what they contain is the same then, too
        return find(one)
