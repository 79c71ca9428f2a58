"""What the operators know of a program: where its parts stand and what could stand there instead.

A view is made once per program and kept in a small cache, because parents recur. It holds plain
tuples and no syntax tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ulmus.operators.positions import Text
from ulmus.operators.roles import Roles
from ulmus.operators.scope import Scopes


class Expression(NamedTuple):
    """An expression that may be replaced, or serve as a replacement.

    Attributes:
        start: Offset of its first character.
        stop: Offset of the character after its last.
        role: Its role, see `roles`; compare it with `Roles.find`.
        names: The names that it needs.
        scope: Index of the scope that it stands in.
        fragile: True if its text may need parentheses elsewhere.
        loose: True if whatever stands in its place needs none: an argument, a right-hand side.
        whole: True where a fraction makes no sense: an index, a range.
    """

    start: int
    stop: int
    role: int
    names: tuple[str, ...]
    scope: int
    fragile: bool
    loose: bool
    whole: bool


class Candidate(NamedTuple):
    """A text that may stand where its role is wanted.

    Attributes:
        text: The text, on one line.
        names: The names that it needs.
        fragile: True if it may need parentheses.
        whole: True if it is likely a whole number.
    """

    text: str
    names: tuple[str, ...]
    fragile: bool
    whole: bool


class Number(NamedTuple):
    """A numeric constant, its minus sign included.

    Attributes:
        start: Offset of its first character.
        stop: Offset of the character after its last.
        value: Its value.
        scope: Index of the scope that it stands in.
        whole: True where a fraction makes no sense: an index, a range.
        last: The last index that the container has if this is an index; -1 if unknown.
    """

    start: int
    stop: int
    value: int | float
    scope: int
    whole: bool
    last: int = -1


class Token(NamedTuple):
    """An operator, a truth value or a condition.

    Attributes:
        start: Offset of its first character.
        stop: Offset of the character after its last.
        text: Its text, white space normalised.
        kind: "arithmetic", "whole" (arithmetic of an index or a range), "order", "logic",
            "assign", "flag" or "condition".
    """

    start: int
    stop: int
    text: str
    kind: str


class Argument(NamedTuple):
    """An argument of a call, or an element of a list or tuple.

    Attributes:
        start: Offset of its first character, the keyword excluded.
        stop: Offset of the character after its last.
        role: The role of its value.
        keyword: Its keyword, None if it has none.
    """

    start: int
    stop: int
    role: int
    keyword: str | None


class Subscript(NamedTuple):
    """The index of a list or tuple that has a name.

    Attributes:
        start: Offset of the first character of the index.
        stop: Offset of the character after its last.
        container: The name.
        role: The role of the container.
    """

    start: int
    stop: int
    container: str
    role: int


class Call(NamedTuple):
    """A call, or the display of a list or tuple.

    Attributes:
        start: Offset of its first character.
        stop: Offset of the character after its closing bracket.
        name: Name of what is called, without what stands before the last dot; "" for a display.
        arguments: Its arguments in order.
        scope: Index of the scope that it stands in.
    """

    start: int
    stop: int
    name: str
    arguments: tuple[Argument, ...]
    scope: int


class Statement(NamedTuple):
    """A statement with the lines that belong to it.

    Attributes:
        kind: Name of its syntax class, such as "Assign"; "Docstring" for a leading string.
        start: Offset of the start of its first line, decorators included.
        stop: Offset of the start of the line after its last.
        body: Offset of the start of the first line of its body, -1 if it has none.
        block: Index of the block that it stands in.
        scope: Index of the scope that it stands in.
        indent: The white space before it.
        movable: True if its lines hold nothing else, so that they can be copied and moved.
        rigid: True if its text cannot be indented anew (a string over several lines).
        binds: The names that it binds, in itself or within.
        uses: The names that it needs from outside itself.
        call: Name of the function that it calls, if that is all that it does or assigns; "".
    """

    kind: str
    start: int
    stop: int
    body: int
    block: int
    scope: int
    indent: str
    movable: bool
    rigid: bool
    binds: tuple[str, ...]
    uses: tuple[str, ...]
    call: str


class Function(NamedTuple):
    """A function that could take one more argument.

    Attributes:
        name: Its name.
        start: Offset of its first character.
        stop: Offset of the character after its last.
        end: Offset of the place for a further argument.
        bare: True if it has no argument yet.
        scope: Index of the scope that it opens.
    """

    name: str
    start: int
    stop: int
    end: int
    bare: bool
    scope: int


class View(NamedTuple):
    """A program as the operators see it.

    Attributes:
        text: The text with its lines.
        scopes: Who binds which name where.
        roles: The roles.
        expressions: Expressions that may be replaced.
        numbers: Numeric constants.
        tokens: Operators, truth values and conditions.
        calls: Calls.
        displays: Lists and tuples.
        subscripts: Indices of named lists and tuples.
        lengths: For each representative role of a container the number of its elements, as far
            as the text shows it.
        functions: Functions whose arguments are plain.
        statements: Statements in text order, outer ones before inner ones.
        wholes: Names that serve as an index or the bound of a range.
        units: Statements that can be checked alone, see `validity`.
        blocks: For each block the indices of its statements.
        pools: For each representative role the short texts that have it, each with the names
            that it needs and whether it may need parentheses.
        step: The white space that one level of indentation adds.
    """

    text: Text
    scopes: Scopes
    roles: Roles
    expressions: Sequence[Expression]
    numbers: Sequence[Number]
    tokens: Sequence[Token]
    calls: Sequence[Call]
    displays: Sequence[Call]
    subscripts: Sequence[Subscript]
    lengths: dict[int, int]
    functions: Sequence[Function]
    statements: Sequence[Statement]
    units: Sequence[Statement]
    blocks: Sequence[Sequence[int]]
    wholes: frozenset[str]
    pools: dict[int, list[Candidate]]
    step: str

    @property
    def source(self) -> str:
        """The text of the program."""
        return self.text.source
