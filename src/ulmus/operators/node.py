"""Node mutation as in Tiny GP: the baseline of the mutation study, blind and without types.

Each node of an expression tree is replaced, with the same probability, by another node of the same
arity. Section 5 of the ELM paper (arXiv 2206.08896) measures it on trees that were translated by
hand; here the trees are those of the program text:

- terminals are names that are read, and numbers; they become an argument of the function that
  they stand in, one of the names c1 to c4, or one of the numbers 0 to 3. The paper adds c1 to c4
  so that its buggy programs can be written as trees at all;
- functions of two arguments are the binary operators; they become one of + - * % **;
- everything else (calls, subscripts, attributes, comparisons, texts) stays, since no other node of
  its arity is in the set. No subtree is exchanged, and nothing grows.

Statements, comments and docstrings stay; an expression that changed is written anew on one line.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ulmus.diffs.parsing import parse
from ulmus.errors import ConfigError
from ulmus.operators.draws import pick
from ulmus.operators.positions import MAX_PARENT_CHARS, Splice, Text, apply
from ulmus.records import Program, Proposal

VERSION = 1
"""Goes up whenever the same parent and generator give another child."""

RATE = 0.1
"""Share of nodes that are replaced; the study has rates of its own (`ulmus.study.repair`)."""

EXTRA_NAMES = ("c1", "c2", "c3", "c4")
NUMBERS = ("0", "1", "2", "3")
FUNCTIONS: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "%": ast.Mod,
    "**": ast.Pow,
}

_SYMBOLS: dict[type[ast.operator], str] = {kind: symbol for symbol, kind in FUNCTIONS.items()}
_FIELDS = ("value", "test", "iter")
"""Fields of a statement in which an expression stands that is computed."""

_SHOWN = 8  # replacements that a note tells

NOTHING_DRAWN = "no node was drawn"
NO_NODES = "parent has no nodes"

MAX_DEPTH = 100
"""Expressions that are nested more deeply are left alone: writing them anew is recursive, and how
much of the stack is left must not decide what a child is."""


class _Tree(NamedTuple):
    """The expression of a statement, and the terminals that may stand in it."""

    root: ast.expr
    terminals: tuple[str, ...]


class NodeMutation:
    """Proposes programs in which each node was replaced with the probability `rate`."""

    name = "node"
    arity = 1
    replayable = True

    def __init__(self, rate: float = RATE) -> None:
        """Set up.

        Args:
            rate: Probability per node, in (0, 1].

        Raises:
            ConfigError: The rate is out of range.
        """
        if not 0.0 < rate <= 1.0:
            raise ConfigError(f"the rate of node mutation must be in (0, 1], not {rate}")
        self.rate = float(rate)

    @property
    def identity(self) -> str:
        """Name, version and rate; part of a run's identity."""
        return f"{self.name}/{VERSION} (rate={self.rate!r})"

    def with_rate(self, rate: float) -> NodeMutation:
        """Return the same operator with another rate.

        Raises:
            ConfigError: The rate is out of range.
        """
        return NodeMutation(rate)

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one child per parent, see `Operator.propose`.

        Refusals are "parent does not parse", "parent is too long", "parent has no nodes",
        "child does not parse" and, by chance, "no node was drawn": the child would be its parent.
        """
        return [self._propose(pair[0], rng) for pair, rng in zip(parents, rngs, strict=True)]

    def _propose(self, parent: Program, rng: random.Random) -> Proposal:
        source, note, refusal = self._child(parent.source, rng)
        program = None if source is None else Program(source)
        return Proposal(self.name, (parent.hash,), program, refusal=refusal, note=note)

    def _child(self, source: str, rng: random.Random) -> tuple[str | None, str, str | None]:
        """Return text, note and refusal of a child."""
        if len(source) > MAX_PARENT_CHARS:
            return None, "", "parent is too long"
        module = parse(source)
        if module is None:
            return None, "", "parent does not parse"
        text, num_nodes = Text(source), 0
        splices: list[Splice] = []
        notes: list[str] = []
        for tree in _trees(module):
            nodes = _nodes(tree.root)
            num_nodes += len(nodes)
            span = text.span(tree.root)  # before the root itself may be replaced
            changed, root = self._mutate(tree, nodes, rng)
            if changed:
                splices.append(Splice(*span, ast.unparse(root)))
                notes += changed
        if not splices:
            return None, "", NOTHING_DRAWN if num_nodes else NO_NODES
        child = apply(source, splices)
        if parse(child) is None:
            return None, "", "child does not parse"
        more = f" and {len(notes) - _SHOWN} more" if len(notes) > _SHOWN else ""
        return child, "; ".join(notes[:_SHOWN]) + more, None

    def _mutate(
        self, tree: _Tree, nodes: Sequence[ast.expr], rng: random.Random
    ) -> tuple[list[str], ast.expr]:
        """Replace nodes of a tree; return what was done, and the root of the new tree."""
        notes: list[str] = []
        put: dict[ast.expr, ast.expr] = {}
        for node in nodes:
            if rng.random() < self.rate:
                old, new = _replace(node, tree.terminals, rng, put)
                notes.append(f"{old} → {new}")
        return notes, _with_put(tree.root, put) if put else tree.root


def _replace(
    node: ast.expr,
    terminals: tuple[str, ...],
    rng: random.Random,
    put: dict[ast.expr, ast.expr],
) -> tuple[str, str]:
    """Draw another node of the same arity; return both as text."""
    if isinstance(node, ast.BinOp):
        old = _SYMBOLS.get(type(node.op), type(node.op).__name__)
        new = pick(rng, [symbol for symbol in FUNCTIONS if symbol != old])
        node.op = FUNCTIONS[new]()
        return old, new
    old = node.id if isinstance(node, ast.Name) else repr(getattr(node, "value", None))
    new = pick(rng, [terminal for terminal in terminals if terminal != old])
    put[node] = ast.Constant(int(new)) if new.isdigit() else ast.Name(new, ast.Load())
    return old, new


def _with_put(root: ast.expr, put: dict[ast.expr, ast.expr]) -> ast.expr:
    """Return a tree in which nodes stand in the places of others."""
    if root in put:
        return put[root]
    for node in ast.walk(root):
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                value[:] = [put.get(part, part) for part in value]
            elif isinstance(value, ast.expr) and value in put:
                setattr(node, field, put[value])
    return root


def _trees(module: ast.Module) -> Iterator[_Tree]:
    """Yield the expressions of all statements, in text order."""
    waiting: list[tuple[ast.stmt, tuple[str, ...]]] = [(node, ()) for node in module.body[::-1]]
    while waiting:
        statement, names = waiting.pop()
        for field in _FIELDS:
            root = getattr(statement, field, None)
            if isinstance(root, ast.expr):
                yield _Tree(root, (*names, *EXTRA_NAMES, *NUMBERS))
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            given = statement.args
            found = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            names = tuple(name for name in found if name not in EXTRA_NAMES)
        waiting.extend((part, names) for part in list(_blocks(statement))[::-1])


def _blocks(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements within a statement."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.stmt):
            yield part
        elif isinstance(part, (ast.ExceptHandler, ast.match_case)):
            yield from part.body


def _nodes(root: ast.expr) -> list[ast.expr]:
    """Return the nodes of an expression that can be replaced; none if it is too deep."""
    found: list[ast.expr] = []
    waiting: list[tuple[ast.AST, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return []
        if isinstance(node, (ast.JoinedStr, ast.Lambda)):
            continue  # a text; and arguments of its own, which no terminal stands for
        if _is_node(node):
            assert isinstance(node, ast.expr)
            found.append(node)
        fixed = _fixed_part(node)
        parts = [part for part in ast.iter_child_nodes(node) if part is not fixed]
        waiting.extend((part, depth + 1) for part in parts[::-1])
    return found


def _fixed_part(node: ast.AST) -> ast.Name | None:
    """Return the name of what is called, or of what has a part that is meant; it is no terminal."""
    if isinstance(node, ast.Call):
        part = node.func
    elif isinstance(node, (ast.Attribute, ast.Subscript)):
        part = node.value
    else:
        return None
    return part if isinstance(part, ast.Name) else None


def _is_node(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.BinOp)
