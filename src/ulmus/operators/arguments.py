"""Edits of calls and lists: arguments exchanged, added and dropped, elements added and dropped."""

from __future__ import annotations

import random

from ulmus.operators.constants import varied
from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice, replace
from ulmus.operators.roles import NUMBER
from ulmus.operators.substitutions import candidate, numeric_name
from ulmus.operators.view import Argument, Call, View


def change_argument(view: View, rng: random.Random) -> Change | None:
    """Put another expression of the same role in place of an argument."""
    calls = [call for call in view.calls if call.arguments]
    if not calls:
        return None
    call = pick(rng, calls)
    argument = pick(rng, call.arguments)
    before = view.source[argument.start : argument.stop]
    text = other_argument(view, rng, argument, call.scope)
    if text is None or text == before:
        return None
    return replace(argument.start, argument.stop, text, f"{call.name} {before} → {text}")


def other_argument(
    view: View, rng: random.Random, argument: Argument, scope: int, offset: int | None = None
) -> str | None:
    """Return a text that could stand in place of an argument, None if none was found.

    Args:
        view: The program.
        rng: Where the draws come from.
        argument: The argument.
        scope: Scope of the place where the text is wanted.
        offset: Offset of that place; that of the argument if None.
    """
    place = argument.start if offset is None else offset
    before = view.source[argument.start : argument.stop]
    if view.roles.find(argument.role) == NUMBER:
        return _other_number(view, rng, argument, scope, place)
    found = candidate(view, rng, argument.role, scope, place, before)
    return None if found is None else found.text


def _other_number(
    view: View, rng: random.Random, argument: Argument, scope: int, place: int
) -> str | None:
    constants = [n for n in view.numbers if argument.start <= n.start < argument.stop]
    draw = rng.random()
    if constants and draw < 0.6:
        number = pick(rng, constants)
        before, after = number.start - argument.start, number.stop - argument.start
        text = view.source[argument.start : argument.stop]
        return text[:before] + varied(number, view, rng) + text[after:]
    if draw < 0.8:
        return numeric_name(view, rng, scope, place)
    found = candidate(view, rng, NUMBER, scope, place, "")
    return None if found is None else found.text


def swap_arguments(view: View, rng: random.Random) -> Change | None:
    """Exchange two arguments of one role of a call, or two elements of a list."""
    holders = [call for call in (*view.calls, *view.displays) if len(call.arguments) > 1]
    if not holders:
        return None
    call = pick(rng, holders)
    one = pick(rng, call.arguments)
    find, source = view.roles.find, view.source
    same = [a for a in call.arguments if find(a.role) == find(one.role) and a.start != one.start]
    if not same:
        return None
    other = pick(rng, same)
    first, second = source[one.start : one.stop], source[other.start : other.stop]
    if first == second:
        return None
    splices = (Splice(one.start, one.stop, second), Splice(other.start, other.stop, first))
    return Change(splices, f"{call.name or 'list'} {first} ↔ {second}")


def more_arguments(view: View, rng: random.Random) -> Change | None:
    """Give a call the further arguments that another call of the same function has."""
    call, longer = _longer_sibling(view, rng)
    if call is None or longer is None:
        return None
    added = []
    for argument in longer.arguments[len(call.arguments) :]:
        if argument.keyword is not None:
            return None
        text = view.source[argument.start : argument.stop]
        if rng.random() < 0.5 or not _usable(view, text, argument, call):
            text = other_argument(view, rng, argument, call.scope, call.start) or text
        added.append(text)
    lead = ", " if call.arguments else ""
    end = call.arguments[-1].stop if call.arguments else call.stop - 1
    text = lead + ", ".join(added)
    return replace(end, end, text, f"{call.name} + {', '.join(added)}")


def _usable(view: View, text: str, argument: Argument, call: Call) -> bool:
    pool = view.pools.get(view.roles.find(argument.role), ())
    names = next((c.names for c in pool if c.text == text), None)
    return names is not None and view.scopes.all_visible(names, call.scope, call.start)


def _longer_sibling(view: View, rng: random.Random) -> tuple[Call | None, Call | None]:
    longest: dict[str, Call] = {}
    for call in view.calls:
        best = longest.get(call.name)
        if best is None or len(call.arguments) > len(best.arguments):
            longest[call.name] = call
    short = [c for c in view.calls if len(c.arguments) < len(longest[c.name].arguments)]
    if not short:
        return None, None
    call = pick(rng, short)
    longer = [
        c for c in view.calls if c.name == call.name and len(c.arguments) > len(call.arguments)
    ]
    return call, pick(rng, longer)


def fewer_arguments(view: View, rng: random.Random) -> Change | None:
    """Cut a call down to as many arguments as another call of the same function has."""
    fewest: dict[str, int] = {}
    for call in view.calls:
        fewest[call.name] = min(len(call.arguments), fewest.get(call.name, 99))
    long = [c for c in view.calls if 0 < fewest[c.name] < len(c.arguments)]
    if not long:
        return None
    call = pick(rng, long)
    kept = call.arguments[fewest[call.name] - 1]
    dropped = view.source[kept.stop : call.arguments[-1].stop]
    note = f"{call.name} - {dropped.lstrip(', ')}"
    return replace(kept.stop, call.arguments[-1].stop, "", note)


def add_element(view: View, rng: random.Random) -> Change | None:
    """Add an element to a list or tuple: one of its own, changed, or another of its role."""
    displays = [display for display in view.displays if display.arguments]
    if not displays:
        return None
    display = pick(rng, displays)
    model = pick(rng, display.arguments)
    text = other_argument(view, rng, model, display.scope)
    if text is None:
        text = view.source[model.start : model.stop]
    place = pick(rng, display.arguments).stop
    return replace(place, place, f", {text}", f"{text}")


def drop_element(view: View, rng: random.Random) -> Change | None:
    """Drop an element of a list or tuple that has at least three."""
    displays = [display for display in view.displays if len(display.arguments) > 2]
    if not displays:
        return None
    display = pick(rng, displays)
    position = 1 + int(rng.random() * (len(display.arguments) - 1))
    before, gone = display.arguments[position - 1], display.arguments[position]
    text = view.source[gone.start : gone.stop]
    return replace(before.stop, gone.stop, "", f"{text}")
