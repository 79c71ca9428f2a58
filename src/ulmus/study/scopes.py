"""Every name of a program with the scope that it is looked up in, as Python's rules have it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ulmus.diffs.parsing import parse

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(eq=False)
class Scope:
    """What binds names: a module, a class, a function, or an inner one (lambda, comprehension).

    Attributes:
        kind: "module", "class", "function" or "inner".
        parent: The scope around it; None for the module.
        bound: Names that are bound here.
        fixed: Names bound here that callers can say: parameters, and what has no other name.
        elsewhere: Names that a `global` or `nonlocal` statement declares, with the keyword.
    """

    kind: str
    parent: Scope | None = None
    bound: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    elsewhere: dict[str, str] = field(default_factory=dict)

    def owner(self, name: str) -> Scope | None:
        """Return the scope that binds a name seen from here; None for the module and beyond."""
        scope: Scope | None = self
        if name in self.elsewhere:
            if self.elsewhere[name] == "global":
                return None
            scope = self.parent
        while scope is not None:
            visible = scope is self or scope.kind != "class"
            if visible and name in scope.bound and name not in scope.elsewhere:
                return scope if scope.kind != "module" else None
            scope = scope.parent
        return None

    def is_local(self, name: str) -> bool:
        """Tell whether a name bound here may have any other name instead."""
        return self.kind in ("function", "inner") and name not in self.fixed

    @property
    def target(self) -> Scope:
        """Return the scope in which `:=` binds: the next one that is no comprehension."""
        return self.parent.target if self.kind == "inner" and self.parent else self


@dataclass(frozen=True)
class Place:
    """One occurrence of a name.

    Attributes:
        name: The name.
        scope: Where it is looked up.
        put: Puts another name in its place.
    """

    name: str
    scope: Scope
    put: Callable[[str], None]


def parsed(text: str) -> ast.Module | None:
    """Return the tree of a program or of an indented part of one; None if it has none."""
    tree = parse(text)
    return parse(f"if True:\n{text}") if tree is None else tree


def occurrences(tree: ast.Module) -> list[Place]:
    """Return all names of a program, in an order that depends on the shape of the tree alone.

    Raises:
        RecursionError: The program is nested too deeply.
    """
    reader = _Reader()
    reader.read(tree, Scope("module"))
    return reader.places


class _Reader:
    """Walks a tree once, opens scopes, binds names and notes where they stand."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def read(self, node: ast.AST, scope: Scope) -> None:
        """Read a node and all below it."""
        if isinstance(node, _Function):
            self._function(node, scope)
        elif isinstance(node, ast.Lambda):
            self._lambda(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope)
        elif isinstance(node, _Comprehension):
            self._comprehension(node, scope)
        elif isinstance(node, ast.NamedExpr):
            self._read_all([node.value], scope)
            self._read_all([node.target], scope.target)
        else:
            self._names(node, scope)
            self._read_all(list(ast.iter_child_nodes(node)), scope)

    def _read_all(self, nodes: Sequence[ast.AST | None], scope: Scope) -> None:
        for node in nodes:
            if node is not None:
                self.read(node, scope)

    def _names(self, node: ast.AST, scope: Scope) -> None:
        """Note the names that a node itself holds."""
        if isinstance(node, ast.Name):
            self._note(node, "id", scope, bind=not isinstance(node.ctx, ast.Load))
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            self._note(node, "name", scope, bind=True)
        elif isinstance(node, ast.MatchMapping):
            self._note(node, "rest", scope, bind=True)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self._alias(alias, scope)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self._declaration(node, scope)

    def _note(self, node: ast.AST, attribute: str, scope: Scope, *, bind: bool) -> None:
        name = getattr(node, attribute)
        if name is None:
            return
        if bind:
            scope.bound.add(name)
        self.places.append(Place(name, scope, lambda new: setattr(node, attribute, new)))

    def _alias(self, alias: ast.alias, scope: Scope) -> None:
        if alias.asname is None and "." in alias.name:
            name = alias.name.partition(".")[0]  # cannot be called otherwise without a change
            scope.bound.add(name)
            scope.fixed.add(name)
            return
        if alias.name == "*":
            return
        name = alias.asname or alias.name
        scope.bound.add(name)
        self.places.append(Place(name, scope, lambda new: setattr(alias, "asname", new)))

    def _declaration(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        keyword = "global" if isinstance(node, ast.Global) else "nonlocal"
        for index, name in enumerate(node.names):
            scope.elsewhere[name] = keyword
            self.places.append(Place(name, scope, _putter(node.names, index)))

    def _function(self, node: _Function, scope: Scope) -> None:
        self._note(node, "name", scope, bind=True)
        self._read_all(node.decorator_list, scope)
        self._read_all([node.returns], scope)
        inner = Scope("function", scope)
        self._type_parameters(node, inner)
        self._arguments(node.args, scope, inner, fixed=True)
        self._read_all(node.body, inner)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> None:
        inner = Scope("function", scope)
        self._arguments(node.args, scope, inner, fixed=False)
        self.read(node.body, inner)

    def _arguments(self, given: ast.arguments, scope: Scope, inner: Scope, *, fixed: bool) -> None:
        self._read_all([*given.defaults, *given.kw_defaults], scope)
        for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if arg is not None:
                self._read_all([arg.annotation], scope)
                self._note(arg, "arg", inner, bind=True)
                if fixed:
                    inner.fixed.add(arg.arg)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        self._note(node, "name", scope, bind=True)
        self._read_all([*node.decorator_list, *node.bases, *node.keywords], scope)
        inner = Scope("class", scope)
        self._type_parameters(node, inner)
        self._read_all(node.body, inner)

    def _type_parameters(self, node: _Function | ast.ClassDef, inner: Scope) -> None:
        for parameter in getattr(node, "type_params", ()):  # Python 3.12 and later
            inner.bound.add(parameter.name)
            inner.fixed.add(parameter.name)
            self._read_all(list(ast.iter_child_nodes(parameter)), inner)

    def _comprehension(self, node: _Comprehension, scope: Scope) -> None:
        inner = Scope("inner", scope)
        first, *others = node.generators
        self.read(first.iter, scope)
        self._read_all([first.target, *first.ifs], inner)
        for generator in others:
            self._read_all([generator.target, generator.iter, *generator.ifs], inner)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._read_all(results, inner)


def _putter(names: list[str], index: int) -> Callable[[str], None]:
    def put(new: str) -> None:
        names[index] = new

    return put
