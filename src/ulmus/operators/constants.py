"""Edits of numeric constants; the results stay numbers that a person would write."""

from __future__ import annotations

import random

from ulmus.operators.draws import bell, pick
from ulmus.operators.positions import Change, replace
from ulmus.operators.view import Number, View

_ROUND = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 0.5, 0.25, 0.1, 0.75, 1.5, 2.5)
_WHOLE_STEPS = (-1, 1, -1, 1, -2, 2, 3, 4)
_LARGEST = 1e6  # beyond it a number is taken back into reach
_PLACES = 4  # decimal places that are kept at most


def written(value: float) -> str:
    """Return a number as a person would write it: three significant digits, no exponent."""
    if not abs(value) < _LARGEST:
        value = 1.0
    rounded = round(float(f"{value:.3g}"), _PLACES)
    return repr(rounded if rounded else 0.0)


def tame(value: int | float) -> int | float:
    """Return a number that can be reckoned with: 1 in place of huge and infinite ones."""
    return value if abs(value) < _LARGEST else 1


def varied(number: Number, view: View, rng: random.Random) -> str:
    """Return the text of a number near the given one, or of another one at times."""
    if number.last > 0:
        others = [index for index in range(number.last + 1) if index != number.value]
        return str(pick(rng, others))
    if number.whole:
        return _varied_whole(number.value, rng)
    value = tame(number.value)
    draw = rng.random()
    if draw < 0.45:
        spread = pick(rng, (0.05, 0.2, 0.5))
        return _as_before(value, value + bell(rng) * spread * (abs(value) + 0.5), rng)
    if draw < 0.6:
        return _as_before(value, value + bell(rng) * pick(rng, (0.3, 1.0, 4.0)), rng)
    if draw < 0.75:
        return _text(pick(rng, _ROUND), value)
    if draw < 0.85:
        other = pick(rng, view.numbers)
        return view.source[other.start : other.stop]
    if draw < 0.92:
        return _text(-value, value)
    return _as_before(value, value * pick(rng, (0.5, 2.0, 2.0, 3.0)), rng)


def _varied_whole(value: int | float, rng: random.Random) -> str:
    return str(round(tame(value)) + pick(rng, _WHOLE_STEPS))


def _as_before(before: int | float, after: float, rng: random.Random) -> str:
    """Write a number; a whole one mostly stays whole."""
    if isinstance(before, int) and abs(after) < _LARGEST and rng.random() < 0.6:
        moved = round(after)
        return str(moved if moved != before else moved + pick(rng, (-1, 1)))
    return written(after)


def _text(value: float, before: int | float) -> str:
    if isinstance(value, int) and isinstance(before, int) and abs(value) < _LARGEST:
        return str(value)
    return written(value)


def change_number(view: View, rng: random.Random) -> Change | None:
    """Change one numeric constant."""
    if not view.numbers:
        return None
    number = pick(rng, view.numbers)
    before = view.source[number.start : number.stop]
    after = varied(number, view, rng)
    return replace(number.start, number.stop, after, f"{before} → {after}")
