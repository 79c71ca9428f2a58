"""Edits of expressions: operators, conditions, and one expression in place of another."""

from __future__ import annotations

import random
import re

from ulmus.operators.constants import written
from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice, replace
from ulmus.operators.roles import NUMBER
from ulmus.operators.view import Candidate, Token, View

_ALTERNATIVES = {
    "arithmetic": ("+", "-", "*", "/", "+", "-", "*", "%", "//"),
    "whole": ("+", "-", "*", "+", "-", "%", "//"),
    "order": ("<", "<=", ">", ">=", "==", "!="),
    "logic": ("and", "or"),
    "assign": ("+", "-", "*", "/"),
}
_USELESS = {"1": ("*", "/", "//", "%"), "0": ("/", "//", "%"), "0.0": ("/", "//", "%")}
"""Operators that do nothing, or only fail, in front of a number."""

_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_BY_NAME = 0.4  # how often something is scaled by a name, if there is one, and not by a number
_TRIES = 5  # draws from a pool until a text differs and its names have values


def candidate(
    view: View,
    rng: random.Random,
    role: int,
    scope: int,
    offset: int,
    not_text: str,
    whole: bool = False,
) -> Candidate | None:
    """Return a text of a role whose names have values at a place; None after a few draws.

    Args:
        view: The program.
        rng: Where the draws come from.
        role: The role that is wanted.
        scope: Scope of the place.
        offset: Offset of the place.
        not_text: A text that would change nothing.
        whole: True if only what is likely a whole number will do.
    """
    pool = view.pools.get(view.roles.find(role))
    if not pool:
        return None
    for _ in range(_TRIES):
        found = pick(rng, pool)
        if whole and not found.whole:
            continue
        if found.text != not_text and view.scopes.all_visible(found.names, scope, offset):
            return found
    return None


def numeric_name(view: View, rng: random.Random, scope: int, offset: int) -> str | None:
    """Return a name that stands for a number and has a value at a place, loop counters included."""
    names = [
        name
        for name in view.scopes.names(scope, offset)
        if view.roles.known("name", view.scopes.owner(name, scope), name) == NUMBER
    ]
    return pick(rng, names) if names else None


def replace_expression(view: View, rng: random.Random) -> Change | None:
    """Put another expression of the program, of the same role, in place of one."""
    if not view.expressions:
        return None
    target = pick(rng, view.expressions)
    before = view.source[target.start : target.stop]
    found = candidate(view, rng, target.role, target.scope, target.start, before, target.whole)
    if found is None:
        return None
    bare = target.loose or _enclosed(view, target.start, target.stop)
    text = f"({found.text})" if found.fragile and not bare else found.text
    return replace(target.start, target.stop, text, f"{before} → {text}")


def _enclosed(view: View, start: int, stop: int) -> bool:
    """Tell whether parentheses stand around a text, so that what takes its place needs none."""
    return view.source[start - 1 : start] == "(" and view.source[stop : stop + 1] == ")"


def wrap_number(view: View, rng: random.Random) -> Change | None:
    """Let a number depend on a name: `5` becomes `5 + k * 0.5`."""
    if not view.numbers:
        return None
    number = pick(rng, view.numbers)
    name = numeric_name(view, rng, number.scope, number.start)
    if name is None:
        return None
    before = view.source[number.start : number.stop]
    factor = pick(rng, ("1", "2") if number.whole else ("0.5", "0.1", "2", "0.25", "1"))
    term = name if factor == "1" else f"{name} * {factor}"
    sign = pick(rng, ("+", "+", "-", "*"))
    if number.value == 0:
        text = f"-{term}" if sign == "-" else term
    elif sign == "*":
        text = f"{before} * {name}"
    else:
        text = f"{before} {sign} {term}"
    parts = [e for e in view.expressions if (e.start, e.stop) == (number.start, number.stop)]
    if not (parts and parts[0].loose) and not _enclosed(view, number.start, number.stop):
        text = f"({text})"
    return replace(number.start, number.stop, text, f"{before} → {text}")


def scale_expression(view: View, rng: random.Random) -> Change | None:
    """Multiply or shift something numeric: `k` becomes `k * 0.5`, `x1` becomes `x1 - y`."""
    numeric = [
        e for e in view.expressions if e.loose and not e.whole and view.roles.find(e.role) == NUMBER
    ]
    numeric = [e for e in numeric if not view.source[e.start : e.stop].lstrip("-")[:1].isdigit()]
    if not numeric:
        return None
    target = pick(rng, numeric)
    before = view.source[target.start : target.stop]
    amount = written(pick(rng, (0.5, 2, 0.1, 1, 3, 1.5, 5)))
    amount = amount.removesuffix(".0")
    symbol = pick(rng, ("*", "+", "-", "/"))
    name, turned = numeric_name(view, rng, target.scope, target.start), False
    if name is not None and name != before and rng.random() < _BY_NAME:
        amount, symbol = name, pick(rng, ("*", "+", "-", "/", "%"))
        turned = symbol in "-/%" and rng.random() < 0.5
    inner = f"({before})" if target.fragile and (turned or symbol in "*/%") else before
    text = f"{amount} {symbol} {inner}" if turned else f"{inner} {symbol} {amount}"
    return replace(target.start, target.stop, text, f"{before} → {text}")


def swap_operator(view: View, rng: random.Random) -> Change | None:
    """Put another operator of the same kind in place of one."""
    found = [
        token
        for token in view.tokens
        if token.kind in _ALTERNATIVES and (token.kind, token.text) != ("whole", "%")
    ]  # without its modulus an index would leave its list
    if not found:
        return None
    token = pick(rng, found)
    other = pick(rng, _ALTERNATIVES[token.kind])
    follows = re.findall(r"^ *([\d.]+)(?![\d.])", view.source[token.stop : token.stop + 8])
    useless = _USELESS.get(follows[0] if follows else "", ())
    if other == token.text or other in useless:
        return None
    return replace(token.start, token.stop, other, f"{token.text} → {other}")


def flip_flag(view: View, rng: random.Random) -> Change | None:
    """Turn True into False or the other way round."""
    found = [token for token in view.tokens if token.kind == "flag"]
    if not found:
        return None
    token = pick(rng, found)
    other = "False" if token.text == "True" else "True"
    return replace(token.start, token.stop, other, f"{token.text} → {other}")


def negate_condition(view: View, rng: random.Random) -> Change | None:
    """Turn a condition into its opposite."""
    found = [token for token in view.tokens if token.kind == "condition"]
    if not found:
        return None
    token = pick(rng, found)
    inner = [t for t in view.tokens if token.start < t.start < token.stop and t.kind == "order"]
    logic = any(t.kind == "logic" for t in view.tokens if token.start < t.start < token.stop)
    if len(inner) == 1 and not logic:
        return _opposite(inner[0])
    text = token.text.removeprefix("not ") if not logic else token.text
    after = text if text != token.text else f"not ({text})"
    return replace(token.start, token.stop, after, f"{token.text} → {after}")


def _opposite(token: Token) -> Change:
    other = _NEGATED[token.text]
    note = f"{token.text} → {other}"
    return Change((Splice(token.start, token.stop, other),), note)
