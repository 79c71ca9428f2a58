"""Parts of one program put into another: statements, expressions, numbers, functions."""

from __future__ import annotations

import random

from ulmus.operators.draws import pick
from ulmus.operators.growth import fresh_name
from ulmus.operators.positions import Change, Splice
from ulmus.operators.statements import brief, code, insertion, place_after
from ulmus.operators.translation import helper_splices, renamed, role_in, top_level, translate
from ulmus.operators.view import Expression, Statement, View

_ALONE = frozenset({"Expr", "AugAssign", "For", "If", "While"})  # need nobody to use a result
_TRIES = 6  # pairs of a part and a place that are tried until one fits


def graft_statement(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Bring a statement of the donor, with what uses its result, to a place where it fits."""
    gifts = [
        s
        for s in donor.statements
        if s.movable
        and not s.rigid
        and (s.kind in _ALONE or (s.call and len(s.binds) == 1))
        and donor.source[s.start : s.stop].strip() not in receiver.source
    ]
    spots = [s for s in receiver.statements if s.movable and s.kind in _ALONE | {"Assign"}]
    if not gifts or not spots:
        return None
    for _ in range(_TRIES):
        change = _graft_at(receiver, donor, pick(rng, gifts), pick(rng, spots), rng)
        if change is not None:
            return change
    return None


def _graft_at(
    receiver: View, donor: View, gift: Statement, spot: Statement, rng: random.Random
) -> Change | None:
    parts = [gift, *_users(donor, gift, rng)]
    if gift.kind == "Assign" and len(parts) == 1:
        return None  # a result that nothing uses
    own = {name for part in parts for name in part.binds}
    needed = tuple({name: None for part in parts for name in part.uses if name not in own})
    found = translate(receiver, donor, needed, (spot.scope, spot.stop), rng)
    if found is None:
        return None
    names = dict(found.names)
    if gift.kind == "Assign" and gift.binds[0] in receiver.scopes.taken():
        names[gift.binds[0]] = fresh_name(receiver, gift.binds[0])
    text = "".join(renamed(donor, part, names) for part in parts)
    text = _at_indent(text, gift.indent, spot.indent, receiver.text.newline)
    helpers = helper_splices(receiver, donor, found.helpers)
    if len(helpers) < len(found.helpers):
        return None
    return Change((*helpers, place_after(receiver, spot, text)), f"`{brief(text)}`")


def _users(donor: View, gift: Statement, rng: random.Random) -> list[Statement]:
    """Return some of the later statements of the block that use what a gift binds."""
    if gift.kind != "Assign":
        return []
    users = [
        s
        for s in donor.statements
        if s.block == gift.block
        and s.start >= gift.stop
        and s.kind in _ALONE
        and s.movable
        and not s.rigid
        and gift.binds[0] in s.uses
    ]
    return [s for s in users if rng.random() < 0.7] or users[:1]


def _at_indent(text: str, old: str, new: str, newline: str) -> str:
    lines = text.splitlines()
    moved = [new + line[len(old) :] if line.startswith(old) else line for line in lines]
    return newline.join(moved) + newline


def graft_expression(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Put an expression of the donor in place of one of the receiver that has its role."""
    if not receiver.expressions or not donor.expressions:
        return None
    for _ in range(_TRIES):
        gift, spot = pick(rng, donor.expressions), pick(rng, receiver.expressions)
        text = _fitting(receiver, donor, gift, spot, rng)
        before = receiver.source[spot.start : spot.stop]
        if text is not None and text != before:
            return Change((Splice(spot.start, spot.stop, text),), f"{before} → {text}")
    return None


def _fitting(
    receiver: View, donor: View, gift: Expression, spot: Expression, rng: random.Random
) -> str | None:
    if spot.whole and not gift.whole:
        return None
    if role_in(receiver, donor, gift.role) != receiver.roles.find(spot.role):
        return None
    found = translate(receiver, donor, gift.names, (spot.scope, spot.start), rng)
    if found is None or found.helpers:
        return None
    text = renamed(donor, gift, found.names)
    if not text.isprintable() or len(text) > 80:
        return None
    return f"({text})" if gift.fragile and not spot.loose else text


def graft_arguments(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Take the numbers of a call of the donor over into a call of the same function."""
    mine = [call for call in receiver.calls if call.arguments]
    if not mine:
        return None
    call = pick(rng, mine)
    givers = [c for c in donor.calls if c.name == call.name and c.arguments]
    if not givers:
        return None
    giver = pick(rng, givers)
    exact = {(n.start, n.stop) for n in donor.numbers}
    splices = []
    for here, there in zip(call.arguments, giver.arguments, strict=False):
        text = donor.source[there.start : there.stop]
        same = (there.start, there.stop) in exact and here.keyword == there.keyword
        if same and text != receiver.source[here.start : here.stop]:
            splices.append(Splice(here.start, here.stop, text))
    if not splices:
        return None
    note = f"{call.name} {', '.join(splice.text for splice in splices)}"
    return Change(tuple(splices), note)


def graft_function(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Take the donor's version of a function that both programs have, and what that one needs."""
    pairs = []
    for index in receiver.blocks[0]:
        mine = receiver.statements[index]
        theirs = top_level(donor, mine.binds[0]) if mine.kind == "FunctionDef" else None
        both = theirs is not None and theirs.kind == "FunctionDef" and mine.movable
        if theirs is not None and both and code(donor, theirs) != code(receiver, mine):
            pairs.append((mine, theirs))
    if not pairs:
        return None
    mine, theirs = pick(rng, pairs)
    found = translate(receiver, donor, theirs.uses, (0, len(receiver.source)), rng)
    if found is None or found.names:
        return None
    helpers = [helper for helper in found.helpers if helper.start != theirs.start]
    splices = helper_splices(receiver, donor, helpers)
    if len(splices) < len(helpers):
        return None
    ahead = [splice for splice in splices if splice.start != mine.start]
    touching = "".join(splice.text for splice in splices if splice.start == mine.start)
    taken = Splice(mine.start, mine.stop, touching + code(donor, theirs))
    return Change((*ahead, taken), mine.binds[0])


def add_function(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Bring the donor's version of a function under a new name, and let one call go to it."""
    calls = [c for c in receiver.calls if c.scope and _differs(receiver, donor, c.name)]
    if not calls:
        return None
    call = pick(rng, calls)
    helper = top_level(donor, call.name)
    if helper is None:
        return None
    found = translate(receiver, donor, helper.uses, (0, len(receiver.source)), rng)
    head, source = f"def {call.name}(", code(donor, helper)
    if found is None or found.names or found.helpers or not source.startswith(head):
        return None
    other = fresh_name(receiver, call.name)
    newline = receiver.text.newline
    text = f"def {other}({source[len(head) :]}" + newline * 2
    before = [s for s in receiver.statements if s.kind == "FunctionDef" and s.indent == ""]
    end = receiver.source.index("(", call.start)
    start = end - len(call.name)
    if receiver.source[start:end] != call.name or not before:
        return None
    splices = (insertion(receiver, before[0], text), Splice(start, end, other))
    return Change(splices, f"{call.name} → {other}")


def _differs(receiver: View, donor: View, name: str) -> bool:
    mine, theirs = top_level(receiver, name), top_level(donor, name)
    return (
        mine is not None
        and theirs is not None
        and theirs.kind == mine.kind == "FunctionDef"
        and code(receiver, mine) != code(donor, theirs)
    )
