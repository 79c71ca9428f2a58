"""Edits of whole statements: copied, moved, deleted."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ulmus.operators.constants import varied
from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice, apply
from ulmus.operators.view import Statement, View

_FIXED = frozenset(
    {"Docstring", "Pass", "Return", "Import", "ImportFrom", "FunctionDef", "ClassDef"}
)
_FIXED_IN_LOOP = frozenset({"Break", "Continue", "Global", "Nonlocal"})
LONGEST_NOTE = 60


def brief(text: str) -> str:
    """Return the head of a text on one line, for notes."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NOTE else line[: LONGEST_NOTE - 1] + "…"


def code(view: View, statement: Statement) -> str:
    """Return the lines of a statement; the last one ends as lines do."""
    text = view.source[statement.start : statement.stop]
    return text if text.endswith(("\n", "\r")) else text + view.text.newline


def indented(
    view: View, statement: Statement, indent: str, inner: Sequence[Splice] = ()
) -> str | None:
    """Return the lines of a statement at another indentation, None if it cannot have one.

    Args:
        view: The program.
        statement: A movable statement.
        indent: The white space that its first line shall have.
        inner: Splices within the statement, with offsets of the program.
    """
    start = statement.start
    text = apply(code(view, statement), [Splice(a - start, b - start, t) for a, b, t in inner])
    if indent == statement.indent:
        return text
    if statement.rigid:
        return None
    old = len(statement.indent)
    lines = text.splitlines(keepends=True)
    return "".join(
        indent + line[old:] if line.startswith(statement.indent) and line.strip() else line
        for line in lines
    )


def loose(view: View) -> list[Statement]:
    """Return the statements that may be copied and moved."""
    return [
        statement
        for statement in view.statements
        if statement.movable and statement.kind not in _FIXED | _FIXED_IN_LOOP
    ]


def insertion(view: View, before: Statement, text: str) -> Splice:
    """Return the splice that puts lines in front of a statement."""
    return Splice(before.start, before.start, text)


def place_after(view: View, statement: Statement, text: str) -> Splice:
    """Return the splice that puts lines behind a statement."""
    if not view.source[statement.start : statement.stop].endswith(("\n", "\r")):
        text = view.text.newline + text
    return Splice(statement.stop, statement.stop, text)


def room_for(
    view: View, rng: random.Random, names: tuple[str, ...], scope: int | None = None
) -> Statement | None:
    """Return a statement in front of which all names have a value; None after a few draws."""
    for _ in range(4):
        target = pick(rng, view.statements)
        if not target.movable or target.kind in {"Docstring", "Import", "ImportFrom"}:
            continue
        if scope is not None and view.scopes.function(target.scope) != scope:
            continue
        if view.scopes.all_visible(names, target.scope, target.start):
            return target
    return None


def copy_statement(view: View, rng: random.Random) -> Change | None:
    """Copy a statement to another place where its names have values, mostly with a new number."""
    candidates = loose(view)
    if not candidates:
        return None
    chosen = pick(rng, candidates)
    target = room_for(view, rng, chosen.uses)
    if target is None:
        return None
    numbers = [n for n in view.numbers if chosen.start <= n.start < chosen.stop]
    splices = []
    if numbers and rng.random() < 0.8:
        number = pick(rng, numbers)
        splices.append(Splice(number.start, number.stop, varied(number, view, rng)))
    text = indented(view, chosen, target.indent, splices)
    if text is None:
        return None
    return Change((insertion(view, target, text),), f"`{brief(text)}`")


def move_statement(view: View, rng: random.Random) -> Change | None:
    """Move a statement to another place of its function where its names have values."""
    candidates = [s for s in loose(view) if len(view.blocks[s.block]) > 1]
    if not candidates:
        return None
    chosen = pick(rng, candidates)
    target = room_for(view, rng, chosen.uses, view.scopes.function(chosen.scope))
    if target is None or chosen.start <= target.start <= chosen.stop:
        return None
    text = indented(view, chosen, target.indent)
    if text is None:
        return None
    removal = Splice(chosen.start, chosen.stop, "")
    return Change((removal, insertion(view, target, text)), f"`{brief(text)}`")


def delete_statement(view: View, rng: random.Random) -> Change | None:
    """Delete a statement, and with it the simple ones that need a name which it alone binds."""
    candidates = [s for s in loose(view) if len(view.blocks[s.block]) > 1]
    if not candidates:
        return None
    chosen = pick(rng, candidates)
    orphans = _orphans(view, chosen)
    if orphans is None or len(orphans) + 1 >= len(view.blocks[chosen.block]):
        return None
    doomed = [chosen, *orphans]
    splices = tuple(Splice(s.start, s.stop, "") for s in doomed)
    more = f" and {len(doomed) - 1} that need it" if len(doomed) > 1 else ""
    return Change(splices, f"`{brief(code(view, chosen))}`{more}")


def _orphans(view: View, chosen: Statement) -> list[Statement] | None:
    """Return the later statements that lose a name with a statement, None if one has to stay."""
    lost = _first_bound(view, chosen)
    orphans: list[Statement] = []
    end = chosen.stop
    for statement in view.statements:
        if statement.start < end or not lost.intersection(statement.uses):
            continue
        if statement.kind in _FIXED or not statement.movable or statement.block != chosen.block:
            return None
        orphans.append(statement)
        lost |= _first_bound(view, statement)
        end = statement.stop
    return orphans


def _first_bound(view: View, statement: Statement) -> set[str]:
    """Return the names that have no value before a statement and one after it."""
    scopes = view.scopes
    return {
        name
        for name in statement.binds
        if scopes.scopes[scopes.owner(name, statement.scope)].bound.get(name, -1) >= statement.start
    }
