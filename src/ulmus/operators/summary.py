"""What is known of the parts of a program only when all of it was read."""

from __future__ import annotations

from ulmus.operators.calls import CallReader
from ulmus.operators.positions import Text
from ulmus.operators.view import Candidate, Number, Statement, Subscript

_LONGEST_CANDIDATE = 60  # characters; longer expressions make unreadable arguments


class Summary(CallReader):
    """Draws conclusions from what was collected."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.statements: list[Statement | None] = []
        self.given: list[tuple[int, str]] = []  # where a value begins, and the name that takes it
        self.parameters: dict[str, list[str]] = {}

    def lists(self) -> list[Subscript]:
        """Return the subscripts whose containers are not known to be dictionaries."""
        find = self.roles.find
        mappings = {find(role) for role in self.mappings}
        return [subscript for subscript in self.subscripts if find(subscript.role) not in mappings]

    def lengths(self) -> dict[int, int]:
        """Return how many elements containers have: the shortest display of their role."""
        lengths: dict[int, int] = {}
        for role, size in self.sizes:
            role = self.roles.find(role)
            lengths[role] = min(size, lengths.get(role, size))
        return lengths

    def final_numbers(self, lengths: dict[int, int]) -> list[Number]:
        """Return the numbers, with what is known of them from the rest of the program."""
        given = {start for start, name in self.given if name in self.wholes}
        for call in self.calls:
            names = self.parameters.get(call.name, ())
            given.update(
                argument.start
                for argument, name in zip(call.arguments, names, strict=False)
                if (argument.keyword or name) in self.wholes
            )
        lasts = {
            (subscript.start, subscript.stop): lengths.get(self.roles.find(subscript.role), 0) - 1
            for subscript in self.subscripts
        }
        return [
            number._replace(
                whole=number.whole or number.start in given,
                last=lasts.get((number.start, number.stop), -1),
            )
            for number in self.numbers
        ]

    def pools(self) -> dict[int, list[Candidate]]:
        """Return for each role the short texts that have it."""
        source, find = self.text.source, self.roles.find
        pools: dict[int, dict[str, Candidate]] = {}
        for start, stop, role, names, _, fragile, _, whole in self.expressions:
            if stop - start <= _LONGEST_CANDIDATE:
                text = source[start:stop]
                pool = pools.setdefault(find(role), {})
                if text.isprintable() and (text not in pool or whole):
                    whole = whole or text.isdigit() or text in self.wholes
                    pool[text] = Candidate(text, names, fragile, whole)
        for index, scope in enumerate(self.scopes.scopes):
            for name in scope.bound:
                pool = pools.setdefault(find(self.roles.of("name", index, name)), {})
                pool[name] = Candidate(name, (name,), False, name in self.wholes)
        return {role: list(pool.values()) for role, pool in pools.items()}

    def step(self) -> str:
        """Return the white space that one level of indentation adds."""
        for statement in self.statements:
            if statement is not None and statement.body >= 0:
                line = self.text.source[statement.body :]
                inner = line[: len(line) - len(line.lstrip(" \t\f"))]
                if inner.startswith(statement.indent) and inner != statement.indent:
                    return inner[len(statement.indent) :]
        return "    "
