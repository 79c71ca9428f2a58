"""Sine and cosine of turns."""

from __future__ import annotations

import random
from math import cos, floor, pi, sin

from ulmus.problems.sodarace.physics.turns import sincos_turns


def test_error_is_below_two_in_ten_to_the_fifteen() -> None:
    rng = random.Random(1)
    for turns in [rng.uniform(-1.0, 2.0) for _ in range(3000)] + [k / 8 for k in range(-8, 9)]:
        sine, cosine = sincos_turns(turns)
        angle = 2.0 * pi * (turns - floor(turns))
        assert abs(sine - sin(angle)) < 2e-15
        assert abs(cosine - cos(angle)) < 2e-15


def test_quarter_turns_are_exact() -> None:
    values = [sincos_turns(k / 4) for k in range(5)]
    assert values == [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)]


def test_whole_turns_do_not_matter() -> None:
    assert sincos_turns(0.375) == sincos_turns(7.375) == sincos_turns(-2.625)
