"""Edits that let a program grow: calls repeated with other arguments, parts that get a twin."""

from __future__ import annotations

import random
import re

from ulmus.operators.arguments import other_argument
from ulmus.operators.constants import tame, varied, written
from ulmus.operators.draws import bell, pick
from ulmus.operators.positions import Change, Splice, apply, overlap
from ulmus.operators.statements import brief, code, insertion, place_after, room_for
from ulmus.operators.view import Call, Number, Statement, View

_PARAMETERS = ("size", "shift", "gap", "rate", "depth", "turn", "bend", "span", "lift", "drop")


def repeat_call(view: View, rng: random.Random) -> Change | None:
    """Repeat a call that is a statement of its own, with one or two other arguments."""
    repeatable = [s for s in view.statements if s.kind == "Expr" and s.call and s.movable]
    if not repeatable:
        return None
    chosen = pick(rng, repeatable)
    call = _call_of(view, chosen)
    if call is None:
        return None
    target = None if rng.random() < 0.6 else room_for(view, rng, chosen.uses)
    scope, place = (chosen.scope, chosen.start)
    if target is not None:
        scope, place = (target.scope, target.start)
    line = _with_other_arguments(view, rng, chosen, call, scope, place)
    if line is None:
        return None
    note = f"`{brief(line)}`"
    if target is None:
        return Change((place_after(view, chosen, line),), note)
    if target.indent != chosen.indent:
        if chosen.rigid or "\n" in line.rstrip("\r\n"):
            return None
        line = target.indent + line[len(chosen.indent) :]
    return Change((insertion(view, target, line),), note)


def _call_of(view: View, statement: Statement) -> Call | None:
    """Return the outermost call of the name that a statement calls."""
    within = [
        call
        for call in view.calls
        if statement.start <= call.start < statement.stop and call.name == statement.call
    ]
    return min(within, key=lambda call: (call.start, -call.stop), default=None)


def _with_other_arguments(
    view: View, rng: random.Random, statement: Statement, call: Call, scope: int, place: int
) -> str | None:
    """Return the lines of a statement with one to three arguments of its call changed."""
    if not call.arguments:
        return None
    splices: dict[int, Splice] = {}
    for _ in range(1 + int(rng.random() * 3)):
        argument = pick(rng, call.arguments)
        text = other_argument(view, rng, argument, scope, place)
        if text is not None:
            start, stop = argument.start - statement.start, argument.stop - statement.start
            splices[start] = Splice(start, stop, text)
    before = code(view, statement)
    after = apply(before, list(splices.values()))
    return after if after != before else None


def twin(view: View, rng: random.Random) -> Change | None:
    """Make a second thing like one that has a name, and use it where the first one is used.

    `center = add_joint(5, 5)` gets `center2 = add_joint(7, 5)` behind it; some of the statements
    that use `center` are repeated for `center2`, and lists that hold `center` get `center2` too.
    """
    named = [s for s in view.statements if s.kind == "Assign" and s.movable and len(s.binds) == 1]
    named = [s for s in named if s.call]
    if not named:
        return None
    chosen = pick(rng, named)
    name = chosen.binds[0]
    other = fresh_name(view, name)
    call = _call_of(view, chosen)
    if call is None:
        return None
    line = _with_other_arguments(view, rng, chosen, call, chosen.scope, chosen.start)
    if line is None:
        return None
    renamed, count = re.subn(rf"^(\s*){re.escape(name)}\b", rf"\g<1>{other}", line)
    uses = _uses_for_twin(view, rng, chosen, name, other)
    if not count or not uses:
        return None
    return Change((place_after(view, chosen, renamed), *uses), f"`{brief(renamed)}`")


def fresh_name(view: View, name: str) -> str:
    """Return a name like the given one that the program does not have yet."""
    stem = name.rstrip("0123456789") or name
    taken = view.scopes.taken() | view.scopes.outside
    number = int(name[len(stem) :] or 1) + 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def _uses_for_twin(
    view: View, rng: random.Random, chosen: Statement, name: str, other: str
) -> list[Splice]:
    """Return splices that use the twin at some of the places where the first one is used."""
    splices: list[Splice] = []
    for display in view.displays:
        for part in display.arguments:
            inside = display.scope == chosen.scope and part.start > chosen.stop
            if inside and view.source[part.start : part.stop] == name:
                splices.append(Splice(part.stop, part.stop, f", {other}"))
    users = [s for s in view.statements if name in s.uses and name not in s.binds and s.movable]
    users = [s for s in users if s.block == chosen.block and s.start >= chosen.stop]
    users = [s for s in users if s.kind in {"Expr", "Assign", "For", "If", "AugAssign"}]
    needed = not splices
    for user in users:
        if rng.random() < 0.5 or (needed and user is users[-1]):
            addition = place_after(view, user, _renamed(view, rng, user, name, other))
            if not overlap([*splices, addition]):
                splices.append(addition)
                needed = False
    return splices


def _renamed(view: View, rng: random.Random, user: Statement, name: str, other: str) -> str:
    """Return the lines of a statement with one name for another and a number changed at times."""
    splices = [
        Splice(e.start - user.start, e.stop - user.start, other)
        for e in view.expressions
        if user.start <= e.start < user.stop and view.source[e.start : e.stop] == name
    ]
    numbers = [n for n in view.numbers if user.start <= n.start < user.stop]
    if numbers and rng.random() < 0.5:
        number = pick(rng, numbers)
        start, stop = number.start - user.start, number.stop - user.start
        splices.append(Splice(start, stop, varied(number, view, rng)))
    return apply(code(view, user), splices)


def rescale(view: View, rng: random.Random) -> Change | None:
    """Multiply or shift all numbers of a call together."""
    groups = []
    for call in (*view.calls, *view.displays):
        exact = {(a.start, a.stop) for a in call.arguments}
        numbers = [n for n in view.numbers if (n.start, n.stop) in exact and not n.whole]
        if len(numbers) > 1:
            groups.append((call, numbers))
    if not groups:
        return None
    call, numbers = pick(rng, groups)
    factor = 1.0 + bell(rng) * 0.4 if rng.random() < 0.6 else 1.0
    shift = 0.0 if factor != 1.0 else bell(rng) * 3.0
    splices = tuple(
        Splice(n.start, n.stop, _near(n, tame(n.value) * factor + shift)) for n in numbers
    )
    what = f"× {written(factor)}" if factor != 1.0 else f"+ {written(shift)}"
    return Change(splices, f"{call.name or 'list'} {what}")


def _near(number: Number, value: float) -> str:
    whole = isinstance(number.value, int) and abs(value) >= 2 and abs(value) < 1e6
    return str(round(value)) if whole else written(value)


def new_parameter(view: View, rng: random.Random) -> Change | None:
    """Turn a number in a function into an argument, and let one call pass another value."""
    taken = view.scopes.taken()
    name = next((name for name in _PARAMETERS if name not in taken), None)
    numbers = [n for n in view.numbers if view.scopes.function(n.scope) > 0]
    if name is None or not numbers:
        return None
    number = pick(rng, numbers)
    scope = view.scopes.function(number.scope)
    owners = [f for f in view.functions if f.scope == scope and f.end <= number.start]
    if not owners:
        return None
    owner = owners[0]
    before = view.source[number.start : number.stop]
    lead = "" if owner.bare else ", "
    splices = [
        Splice(owner.end, owner.end, f"{lead}{name}={before}"),
        Splice(number.start, number.stop, name),
    ]
    calls = [c for c in view.calls if c.name == owner.name and c.arguments]
    if calls:
        call = pick(rng, calls)
        end = call.arguments[-1].stop
        splices.append(Splice(end, end, f", {name}={varied(number, view, rng)}"))
    if overlap(splices):
        return None
    return Change(tuple(splices), f"{owner.name} takes {name} instead of {before}")
