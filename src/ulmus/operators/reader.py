"""Reads a whole program into a view: its statements and blocks, on top of its expressions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ulmus.diffs.parsing import parse
from ulmus.operators.expressions import ARITHMETIC, MAX_DEPTH
from ulmus.operators.positions import MAX_PARENT_CHARS, Text
from ulmus.operators.roles import FLAG, NUMBER, TEXT
from ulmus.operators.scope import MODULE
from ulmus.operators.summary import Summary
from ulmus.operators.validity import units
from ulmus.operators.view import Function, Statement, Token, View

ANNOTATED = {"int": NUMBER, "float": NUMBER, "bool": FLAG, "str": TEXT}
"""What annotations say of roles."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def look(source: str) -> View | None:
    """Return a new view of a program, None if it does not parse or is far too long."""
    if len(source) > MAX_PARENT_CHARS:
        return None
    tree = parse(source)
    if tree is None:
        return None
    return _Reader(Text(source)).module(tree)


class _Reader(Summary):
    """Collects statements and blocks."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.blocks: list[list[int]] = []
        self.functions: list[Function] = []
        self._function = ""  # name of the function whose body is being read
        self.bare: list[tuple[str, int, str]] = []  # arguments without annotation, see `_guess`

    def module(self, tree: ast.Module) -> View:
        """Read everything."""
        self.block(tree.body, docstring=True)
        self._guess()
        free = {name for name, bound in self.events if not bound}
        self.scopes.outside = frozenset(free - self.scopes.taken())
        self.subscripts = self.lists()
        lengths = self.lengths()
        statements = [statement for statement in self.statements if statement is not None]
        return View(
            text=self.text,
            scopes=self.scopes,
            roles=self.roles,
            expressions=self.expressions,
            numbers=self.final_numbers(lengths),
            tokens=self.tokens,
            calls=self.calls,
            displays=self.displays,
            subscripts=self.subscripts,
            lengths=lengths,
            functions=self.functions,
            statements=statements,
            units=units(statements, self.blocks),
            blocks=self.blocks,
            wholes=frozenset(self.wholes),
            pools=self.pools(),
            step=self.step(),
        )

    # --- statements ---

    def block(self, body: Sequence[ast.stmt], docstring: bool = False) -> None:
        """Read the statements of a block; `docstring` says whether it may begin with one."""
        index = len(self.blocks)
        self.blocks.append([])
        for position, node in enumerate(body):
            self.blocks[index].append(len(self.statements))
            self.statements.append(None)
            place = len(self.statements) - 1
            mark, strings = len(self.events), self.num_long_strings
            scope = self.scope
            self._depth += 1
            if self._depth > MAX_DEPTH:
                self._skip(node)
            else:
                self._statement(node)
            self._depth -= 1
            kind = type(node).__name__
            if docstring and position == 0 and _is_string(node):
                kind = "Docstring"
            rigid = self.num_long_strings != strings
            self.statements[place] = self._record(node, kind, index, scope, mark, rigid)

    def _record(
        self, node: ast.stmt, kind: str, block: int, scope: int, mark: int, rigid: bool
    ) -> Statement:
        text = self.text
        decorators = getattr(node, "decorator_list", None)
        first = decorators[0].lineno if decorators else node.lineno
        assert node.end_lineno is not None
        start, stop = text.starts[first - 1], text.starts[node.end_lineno]
        begin, end = text.span(node)
        head = text.source[text.starts[node.lineno - 1] : begin]
        tail = text.source[end:stop].strip()
        movable = (
            not head.strip(" \t\f")
            and (not tail or tail[0] == "#")
            and not text.source.startswith("elif", begin)
        )
        body = getattr(node, "body", None)
        inner = body[0].lineno if isinstance(body, list) else 0
        return Statement(
            kind=kind,
            start=start,
            stop=stop,
            body=text.starts[inner - 1] if inner > node.lineno else -1,
            block=block,
            scope=scope,
            indent=head if movable else "",
            movable=movable,
            rigid=rigid,
            binds=tuple(dict.fromkeys([name for name, bound in self.events[mark:] if bound])),
            uses=self.needs(mark),
            call=_only_call(node),
        )

    def _skip(self, node: ast.AST) -> None:
        self.num_long_strings += 1
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                self.events.append((part.id, not isinstance(part.ctx, ast.Load)))

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Expr):
            self.read(node.value, loose=True)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            self._assignment(node)
        elif isinstance(node, ast.Return):
            if node.value is not None:
                role = self.read(node.value, loose=True)
                self.roles.unite(self.roles.of("returns", self._function), role)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._loop(node)
        elif isinstance(node, (ast.If, ast.While)):
            self._condition(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._definition(node)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                name = (alias.asname or alias.name).partition(".")[0]
                self.bind(name, self.text.span(node)[1])
        else:
            self._other_statement(node)

    def _assignment(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> None:
        if node.value is None:
            return
        offset = self.text.span(node)[1]
        if isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                self.events.append((node.target.id, False))
            symbol = ARITHMETIC.get(type(node.op))
            if symbol is not None:
                self._token(node.target, node.value, symbol, "assign")
        role = self.read(node.value, loose=True)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self.given.append((self.text.span(node.value)[0], node.targets[0].id))
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(node.value, ast.Tuple) and isinstance(target, ast.Tuple):
                self._unpack(target, offset)
            else:
                self.assign(target, role, offset)

    def _unpack(self, target: ast.Tuple, offset: int) -> None:
        elements = self.displays[-1].arguments if self.displays else ()
        for position, part in enumerate(target.elts):
            known = position < len(elements)
            self.assign(part, elements[position].role if known else self.roles.fresh(), offset)

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        role = self.read(node.iter, loose=True)
        self.assign(node.target, self.roles.element(role), self.text.span(node.target)[1])
        self.block(node.body)
        if node.orelse:
            self.block(node.orelse)

    def _condition(self, node: ast.If | ast.While) -> None:
        self.read(node.test, loose=True)
        start, stop = self.text.span(node.test)
        self.tokens.append(Token(start, stop, self.text.source[start:stop], "condition"))
        self.block(node.body)
        if node.orelse:
            self.block(node.orelse)

    def _definition(self, node: Definition) -> None:
        begin = self.text.span(node)[0]
        for decorator in node.decorator_list:
            self._names_only(decorator)
        in_class = self.scopes.scopes[self.scope].kind == "class"
        defaults = self._defaults(node.args)
        self.bind(node.name, begin)
        mark, outer, function = len(self.events), self.scope, self._function
        self.scope = self.scopes.open(outer, "function", begin)
        self._function = node.name
        self._room(node)
        positional = [*node.args.posonlyargs, *node.args.args]
        self.parameters[node.name] = [argument.arg for argument in positional[in_class:]]
        for position, argument in enumerate(positional):
            role = self.bind(argument.arg, begin)
            self.roles.unite(role, self.roles.of("takes", node.name, position - in_class))
            self.roles.unite(role, self.roles.of("takes", node.name, argument.arg))
        for keyword in (*node.args.kwonlyargs, node.args.vararg, node.args.kwarg):
            if keyword is not None:
                self.bind(keyword.arg, begin)
        for name, role in defaults.items():
            self.roles.unite(self.variable(name), role)
        self._told(node.args)
        self.block(node.body, docstring=True)
        if outer == MODULE:
            bare = [one.arg for one in positional if one.annotation is None]
            self.bare += [(node.name, self.scope, name) for name in bare]
        self.forget(mark, self.scope)
        self.scope, self._function = outer, function

    def _told(self, arguments: ast.arguments) -> None:
        """Give arguments the roles that annotations tell: numbers, truth values, strings."""
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if isinstance(argument.annotation, ast.Name):
                role = ANNOTATED.get(argument.annotation.id)
                if role is not None:
                    self.roles.unite(self.variable(argument.arg), role)

    def _guess(self) -> None:
        """Take an argument for a number of which nothing is known, or nothing can be done with it.

        It is not annotated, nobody calls its function, such as that which a problem calls, and
        nothing in it tells what the argument is.
        """
        called = {name for name, bound in self.events if not bound}
        for function, scope, name in self.bare:
            role = self.roles.of("name", scope, name)
            if function not in called and self._unknown(role, function, scope):
                self.roles.unite(role, NUMBER)

    def _unknown(self, role: int, function: str, scope: int) -> bool:
        """Tell whether nothing says what a role is, that of names of one function."""
        if self.roles.has_elements(role) or role in map(self.roles.find, self.things):
            return False
        own = (("name", scope), ("takes", function), ("returns", function))
        return all(key[:2] in own for key in self.roles.keys(role))

    def _room(self, node: Definition) -> None:
        """Note where a further argument of a function could stand."""
        if node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
            return
        start, stop = self.text.span(node)
        parts: list[ast.arg | ast.expr] = [*node.args.posonlyargs, *node.args.args]
        parts += node.args.defaults
        source = self.text.source
        if parts:
            last = max(
                self.text.offset(part.end_lineno or 0, part.end_col_offset or 0) for part in parts
            )
        else:
            last = source.index("(", start) + 1
        self.functions.append(Function(node.name, start, stop, last, not parts, self.scope))

    def _defaults(self, arguments: ast.arguments) -> dict[str, int]:
        """Read the defaults of arguments; return the role of each by the name it belongs to."""
        roles = {}
        positional = [*arguments.posonlyargs, *arguments.args]
        with_default = positional[len(positional) - len(arguments.defaults) :]
        for argument, value in zip(with_default, arguments.defaults, strict=True):
            roles[argument.arg] = self.read(value, loose=True)
            self.given.append((self.text.span(value)[0], argument.arg))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                roles[argument.arg] = self.read(default, loose=True)
        return roles

    def _class(self, node: ast.ClassDef) -> None:
        for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self.read(part)
        for decorator in node.decorator_list:
            self._names_only(decorator)
        begin = self.text.span(node)[0]
        mark, outer = len(self.events), self.scope
        self.scope = self.scopes.open(outer, "class", begin)
        self.block(node.body, docstring=True)
        self.forget(mark, self.scope)
        self.scope = outer
        self.bind(node.name, begin)

    def _other_statement(self, node: ast.AST) -> None:
        """Read `with`, `try`, `match` and whatever else Python may have."""
        if isinstance(node, ast.withitem):
            role = self.read(node.context_expr)
            if node.optional_vars is not None:
                self.assign(node.optional_vars, role, self.text.span(node.context_expr)[1])
            return
        if isinstance(node, ast.ExceptHandler) and node.name:
            self.bind(node.name, self.text.offset(node.lineno, node.col_offset))
        for _, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            if parts and isinstance(parts[0], ast.stmt):
                self.block(parts)
                continue
            for part in parts:
                if isinstance(part, ast.expr):
                    self.read(part)
                elif isinstance(part, (ast.ExceptHandler, ast.withitem)):
                    self._other_statement(part)
                elif isinstance(part, ast.AST):
                    self._skip(part)


def _is_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _only_call(node: ast.stmt) -> str:
    """Return the name of what a statement calls, if it only calls it or assigns its result."""
    if not isinstance(node, (ast.Expr, ast.Assign)) or not isinstance(node.value, ast.Call):
        return ""
    function = node.value.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
