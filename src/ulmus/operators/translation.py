"""What a part of one program is called in another: names matched by role, helpers brought along."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from ulmus.operators.draws import pick
from ulmus.operators.positions import Splice, apply
from ulmus.operators.roles import TEXT
from ulmus.operators.statements import code, insertion
from ulmus.operators.view import Expression, Statement, View

_TRIES = 6  # draws from a pool until a text has a value at the place
_MAX_HELPERS = 4  # functions that may come along with one statement
_TOP = frozenset({"FunctionDef", "ClassDef", "Import", "ImportFrom", "Assign"})
_FUTURE = "from __future__"  # nothing may stand in front of it


class Translation(NamedTuple):
    """How names of the donor are called in the receiver.

    Attributes:
        names: New name, or text, for each name that changes.
        helpers: Top-level statements of the donor that have to come along.
    """

    names: dict[str, str]
    helpers: list[Statement]


def role_in(receiver: View, donor: View, role: int) -> int | None:
    """Return the role in the receiver that a role of the donor corresponds to, None if none."""
    role = donor.roles.find(role)
    if role <= TEXT:
        return role
    for key in donor.roles.keys(role):
        if key[0] != "name":
            found = receiver.roles.known(*key)
            if found is not None:
                return found
    return None


def translate(
    receiver: View, donor: View, names: tuple[str, ...], at: tuple[int, int], rng: random.Random
) -> Translation | None:
    """Find for each name of the donor one of the receiver; None if a name has no counterpart.

    Args:
        receiver: The program that gets a part.
        donor: The program that gives it.
        names: The names that the part needs.
        at: Scope and offset of the place in the receiver.
        rng: Where the draws come from.
    """
    translation = Translation({}, [])
    for name in names:
        if receiver.scopes.visible(name, *at) or name in donor.scopes.outside:
            continue
        top = top_level(donor, name)
        if top is not None:
            if not _bring(receiver, donor, top, translation.helpers):
                return None
            continue
        other = _counterpart(receiver, donor, name, at, rng)
        if other is None:
            return None
        translation.names[name] = other
    return translation


def _counterpart(
    receiver: View, donor: View, name: str, at: tuple[int, int], rng: random.Random
) -> str | None:
    roles = {
        donor.roles.known("name", index, name)
        for index, scope in enumerate(donor.scopes.scopes)
        if name in scope.bound
    }
    for role in sorted(role for role in roles if role is not None):
        there = role_in(receiver, donor, role)
        pool = receiver.pools.get(there, []) if there is not None else []
        for _ in range(_TRIES if pool else 0):
            found = pick(rng, pool)
            if name in donor.wholes and not found.whole:
                continue
            if not found.fragile and receiver.scopes.all_visible(found.names, *at):
                return found.text
    return None


def top_level(view: View, name: str) -> Statement | None:
    """Return the top-level statement that binds a name, None if it cannot be taken along."""
    for index in view.blocks[0] if view.blocks else ():
        statement = view.statements[index]
        if name in statement.binds and statement.kind in _TOP and statement.movable:
            return statement
    return None


def _bring(receiver: View, donor: View, top: Statement, helpers: list[Statement]) -> bool:
    """Add a top-level statement and what it needs in turn; False if that is too much."""
    if any(helper.start == top.start for helper in helpers):
        return True
    if len(helpers) >= _MAX_HELPERS:
        return False
    helpers.append(top)
    for name in top.uses:
        if receiver.scopes.visible(name, 0, len(receiver.source)):
            continue
        further = top_level(donor, name)
        if further is not None and not _bring(receiver, donor, further, helpers):
            return False
    return True


def renamed(donor: View, part: Statement | Expression, names: dict[str, str]) -> str:
    """Return a part of the donor with its names translated."""
    start, stop = part.start, part.stop
    places = {(e.start, e.stop) for e in donor.expressions if start <= e.start < stop}
    places |= {(c.start, c.start + len(c.name)) for c in donor.calls if start <= c.start < stop}
    splices = [
        Splice(a - start, b - start, names[donor.source[a:b]])
        for a, b in sorted(places)
        if donor.source[a:b] in names
    ]
    text = apply(donor.source[start:stop], splices)
    if isinstance(part, Statement):
        text = text if text.endswith(("\n", "\r")) else text + donor.text.newline
        for name in part.binds:
            if name in names:
                text = re.sub(rf"^(\s*){re.escape(name)}\b", rf"\g<1>{names[name]}", text)
    return text


def helper_splices(receiver: View, donor: View, helpers: list[Statement]) -> list[Splice]:
    """Return splices that put imports of the donor on top, and functions before functions.

    There is one splice per helper, or none at all if there is no place for them.
    """
    firsts = [receiver.statements[index] for index in receiver.blocks[0]]
    firsts = [s for s in firsts if s.movable and s.kind != "Docstring"]
    firsts = [s for s in firsts if not receiver.source.startswith(_FUTURE, s.start)]
    if not firsts:
        return []
    functions = [s for s in firsts if s.kind in {"FunctionDef", "ClassDef"}] or firsts
    newline = receiver.text.newline
    splices = []
    for helper in sorted(helpers, key=lambda helper: helper.start):
        text = code(donor, helper)
        if helper.kind in {"Import", "ImportFrom"}:
            splices.append(insertion(receiver, firsts[0], text))
        else:
            splices.append(insertion(receiver, functions[0], text + newline * 2))
    return splices
