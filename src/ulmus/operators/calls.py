"""Reads calls, lists, indices, and what has names of its own: lambdas and comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import ClassVar

from ulmus.operators.expressions import ExpressionReader
from ulmus.operators.names import KEEPS, NUMERIC, TAKES_ANYTHING, TAKES_CONTAINERS, TAKES_NUMBERS
from ulmus.operators.positions import Text
from ulmus.operators.roles import NUMBER
from ulmus.operators.view import Argument, Call, Subscript


class CallReader(ExpressionReader):
    """Collects calls, displays and subscripts."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.calls: list[Call] = []
        self.displays: list[Call] = []
        self.subscripts: list[Subscript] = []
        self.sizes: list[tuple[int, int]] = []  # role and number of elements of each display

    # --- calls and containers ---

    def _call(self, node: ast.Call) -> int:
        name = self._callee(node.func)
        self._whole += name == "range"
        arguments, plain = self._arguments(node, name)
        self._whole -= name == "range"
        if name == "sum" and isinstance(node.func, ast.Name) and arguments:
            self._summed(node.args[:1], arguments[0].role)
        if plain:
            start, stop = self.text.span(node)
            self.calls.append(Call(start, stop, name, arguments, self.scope))
        return self._result(name, arguments)

    def _summed(self, values: list[ast.expr], role: int) -> None:
        """Note that the elements of what is summed up are numbers."""
        self.roles.unite(self.roles.element(role), NUMBER)
        if values and isinstance(values[0], (ast.List, ast.Tuple)) and self.displays:
            for element in self.displays[-1].arguments:
                self.roles.unite(element.role, NUMBER)

    def _callee(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            self.events.append((node.id, False))
            return node.id
        if isinstance(node, ast.Attribute):
            self.things.append(self.read(node.value))
            return node.attr
        self.read(node)
        return ""

    def _arguments(self, node: ast.Call, name: str) -> tuple[tuple[Argument, ...], bool]:
        """Read the arguments; the flag says whether all are ordinary ones."""
        arguments = []
        plain = True
        for position, value in enumerate(node.args):
            role = self._passed(name, position, self.read(value, loose=True))
            plain &= not isinstance(value, (ast.Starred, ast.GeneratorExp))
            arguments.append(Argument(*self.last_span, role, None))
        for keyword in node.keywords:
            value = keyword.value
            role = self._passed(name, keyword.arg or "**", self.read(value, loose=True))
            plain &= keyword.arg is not None
            arguments.append(Argument(*self.last_span, role, keyword.arg))
        return tuple(arguments), plain

    def _passed(self, name: str, place: int | str, role: int) -> int:
        if not name or name in TAKES_ANYTHING:
            if name in TAKES_CONTAINERS:
                self.things.append(role)
            return role
        slot = NUMBER if name in TAKES_NUMBERS else self.roles.of("takes", name, place)
        return self.roles.unite(role, slot)

    def _result(self, name: str, arguments: tuple[Argument, ...]) -> int:
        if name in NUMERIC:
            return NUMBER
        if name in KEEPS and arguments:
            return arguments[0].role
        returns = self.roles.of("returns", name) if name else self.roles.fresh()
        if name == "range":
            self.roles.unite(self.roles.element(returns), NUMBER)
        return returns

    def _attribute(self, node: ast.Attribute) -> int:
        self.things.append(self.read(node.value))
        return NUMBER if node.attr == "pi" else self.roles.of("attribute", node.attr)

    def _subscript(self, node: ast.Subscript) -> int:
        container = self.read(node.value)
        self.things.append(container)
        self._index(node.slice)
        if isinstance(node.slice, ast.Slice):
            return container
        if isinstance(node.value, ast.Name) and not isinstance(node.slice, ast.Tuple):
            self.subscripts.append(Subscript(*self.last_span, node.value.id, container))
        return self.roles.element(container)

    def _display(self, node: ast.List | ast.Tuple) -> int:
        roles = [self.read(part, loose=True) for part in node.elts]
        start, stop = self.text.span(node)
        elements = tuple(
            Argument(*self.text.span(part), role, None)
            for part, role in zip(node.elts, roles, strict=True)
        )
        if not any(isinstance(part, ast.Starred) for part in node.elts):
            self.displays.append(Call(start, stop, "", elements, self.scope))
        display = self.roles.fresh()
        self.sizes.append((display, len(roles)))
        if len({self.roles.find(role) for role in roles}) == 1:
            self.roles.unite(self.roles.element(display), roles[0])
        return display

    # --- inner scopes ---

    def _lambda(self, node: ast.Lambda) -> int:
        mark, outer = len(self.events), self.scope
        begin = self.text.span(node)[0]
        self.scope = self.scopes.open(outer, "inner", begin)
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                self.bind(argument.arg, begin)
        self.read(node.body, loose=True)
        self.forget(mark, self.scope)
        self.scope = outer
        return self.roles.fresh()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> int:
        mark, outer = len(self.events), self.scope
        begin = self.text.span(node)[0]
        self.scope = self.scopes.open(outer, "inner", begin)
        for part in node.generators:
            self.assign(part.target, self.roles.element(self.read(part.iter)), begin)
            for condition in part.ifs:
                self.read(condition)
        role = self.roles.fresh()
        self.roles.unite(self.roles.element(role), self.read(node.elt, loose=True))
        self.forget(mark, self.scope)
        self.scope = outer
        return role

    readers: ClassVar[dict[type[ast.expr], Callable[..., int]]] = {
        **ExpressionReader.readers,
        ast.Call: _call,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.List: _display,
        ast.Tuple: _display,
        ast.Lambda: _lambda,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
    }
