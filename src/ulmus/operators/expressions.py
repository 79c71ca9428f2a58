"""Reads the expressions of a program into a view: where they stand, what they need, their roles."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import ClassVar

from ulmus.operators.names import NameReader
from ulmus.operators.positions import Text
from ulmus.operators.roles import FLAG, NUMBER, TEXT
from ulmus.operators.view import Expression, Number, Token

MAX_DEPTH = 60
"""Deeper parts of a program are left alone, so that no text can exhaust the stack."""

ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_ORDER: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_TIGHT: frozenset[type[ast.expr]] = frozenset(
    (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict, ast.Set)
) | {ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr, ast.Tuple}
"""They need no parentheses anywhere; of the tuples only those in parentheses are collected."""

_IN_PLACE: frozenset[type[ast.expr]] = frozenset(
    (ast.Starred, ast.GeneratorExp, ast.Slice, ast.Lambda, ast.NamedExpr, ast.Yield)
) | {ast.YieldFrom, ast.Await}
"""Not replaced, and no replacement for others."""


class ExpressionReader(NameReader):
    """Collects expressions, numbers, operators and calls, and unites roles on the way."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self.text = text
        self.expressions: list[Expression] = []
        self.numbers: list[Number] = []
        self.tokens: list[Token] = []
        self.mappings: list[int] = []  # roles of dictionaries
        self.things: list[int] = []  # roles of what is no number, string or truth value
        self.wholes: set[str] = set()  # names that serve as an index or the bound of a range
        self.num_long_strings = 0  # strings over several lines so far
        self.last_span = (0, 0)  # of the expression that was read last
        self._whole = 0
        self._depth = 0

    def read(self, node: ast.expr, loose: bool = False) -> int:
        """Read an expression and return its role."""
        if self._depth > MAX_DEPTH:
            self.last_span = self.text.span(node)
            return self._names_only(node)
        self._depth += 1
        events = self.events
        mark = len(events)
        kind = type(node)
        role = self.readers.get(kind, ExpressionReader._other)(self, node)
        self._depth -= 1
        start, stop = self.last_span = self.text.span(node)
        bare = kind is ast.Tuple and self.text.source[start] != "("
        if kind not in _IN_PLACE and not bare:
            names = self.needs(mark) if len(events) > mark else ()
            fragile, whole = kind not in _TIGHT, self._whole > 0
            self.expressions.append(
                Expression(start, stop, role, names, self.scope, fragile, loose, whole)
            )
        return role

    def assign(self, target: ast.expr, role: int, offset: int) -> None:
        """Let a target take a value of a role."""
        if isinstance(target, ast.Name):
            self.roles.unite(self.bind(target.id, offset), role)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self.assign(part, self.roles.element(role), offset)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, role, offset)
        elif isinstance(target, ast.Subscript):
            container = self.read(target.value)
            self._index(target.slice)
            self.roles.unite(self.roles.element(container), role)
        elif isinstance(target, ast.Attribute):
            self.things.append(self.read(target.value))

    # --- leaves ---

    def _names_only(self, node: ast.expr) -> int:
        if isinstance(node, ast.JoinedStr) and node.lineno != node.end_lineno:
            self.num_long_strings += 1
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                self.events.append((part.id, False))
        return TEXT if isinstance(node, ast.JoinedStr) else self.roles.fresh()

    def _name(self, node: ast.Name) -> int:
        self.events.append((node.id, False))
        if self._whole:
            self.wholes.add(node.id)
        return self.variable(node.id)

    def _constant(self, node: ast.Constant) -> int:
        value = node.value
        if isinstance(value, bool):
            self.tokens.append(Token(*self.text.span(node), str(value), "flag"))
            return FLAG
        if isinstance(value, (int, float)):
            self._number(node, value)
            return NUMBER
        if isinstance(value, (str, bytes)):
            self.num_long_strings += node.lineno != node.end_lineno
            return TEXT
        return self.roles.fresh()

    def _number(self, node: ast.expr, value: int | float) -> None:
        start, stop = self.text.span(node)
        self.numbers.append(Number(start, stop, value, self.scope, self._whole > 0))

    # --- operators ---

    def _unary(self, node: ast.UnaryOp) -> int:
        inner = node.operand
        if isinstance(node.op, ast.USub) and isinstance(inner, ast.Constant):
            value = inner.value
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                self._number(node, -value)
                return NUMBER
        role = self.read(inner)
        if isinstance(node.op, ast.Not):
            return FLAG
        return self.roles.unite(role, NUMBER)

    def _binary(self, node: ast.BinOp) -> int:
        left = self.read(node.left)
        right = self.read(node.right)
        symbol = ARITHMETIC.get(type(node.op))
        if symbol is None:
            return self.roles.fresh()
        kind = "whole" if self._whole else "arithmetic"
        self._token(node.left, node.right, symbol, kind)
        if symbol == "+":
            return self.roles.unite(left, right)
        for side, role in ((node.left, left), (node.right, right)):
            if symbol == "*" and isinstance(side, (ast.List, ast.Tuple)):
                return role
        if symbol == "%" and left == TEXT:
            return TEXT
        self.roles.unite(left, NUMBER)
        self.roles.unite(right, NUMBER)
        return NUMBER

    def _logic(self, node: ast.BoolOp) -> int:
        for part in node.values:
            self.read(part)
        symbol = "and" if isinstance(node.op, ast.And) else "or"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._token(left, right, symbol, "logic")
        return FLAG

    def _compare(self, node: ast.Compare) -> int:
        sides = [node.left, *node.comparators]
        roles = [self.read(side) for side in sides]
        for position, operator in enumerate(node.ops):
            symbol = _ORDER.get(type(operator))
            if symbol is not None:
                self._token(sides[position], sides[position + 1], symbol, "order")
                self.roles.unite(roles[position], roles[position + 1])
            elif isinstance(operator, (ast.In, ast.NotIn)):
                self.things.append(roles[position + 1])
        return FLAG

    def _token(self, left: ast.expr, right: ast.expr, symbol: str, kind: str) -> None:
        begin, end = self.text.span(left)[1], self.text.span(right)[0]
        gap = self.text.source[begin:end]
        position = gap.find(symbol)
        if position >= 0 and "#" not in gap:
            self.tokens.append(
                Token(begin + position, begin + position + len(symbol), symbol, kind)
            )

    def _choice(self, node: ast.IfExp) -> int:
        body = self.read(node.body)
        self.read(node.test)
        return self.roles.unite(body, self.read(node.orelse))

    def _index(self, node: ast.expr) -> None:
        self._whole += 1
        self.read(node, loose=True)
        self._whole -= 1

    def _other(self, node: ast.expr) -> int:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.read(child)
            elif isinstance(child, ast.comprehension):
                return self._names_only(node)
        if isinstance(node, ast.Dict):
            self.mappings.append(self.roles.fresh())
            return self.mappings[-1]
        if isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name):
            self.bind(node.target.id, self.text.span(node)[1])
        return self.roles.fresh()

    readers: ClassVar[dict[type[ast.expr], Callable[..., int]]] = {
        ast.Name: _name,
        ast.Constant: _constant,
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.BoolOp: _logic,
        ast.Compare: _compare,
        ast.IfExp: _choice,
        ast.JoinedStr: _names_only,
    }
    """What reads which kind; bound to no reader, so that a reader is no cycle of garbage."""
