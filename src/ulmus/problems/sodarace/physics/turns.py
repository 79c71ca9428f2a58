"""Sine and cosine of turns from additions and multiplications only.

The C library's sine may differ by a bit between machines, and a walker can turn one bit into
metres. IEEE additions and multiplications cannot differ. Error below 2e-15.
"""

from __future__ import annotations

from math import floor

_TAU = 6.283185307179586
# Taylor coefficients of sin(a)/a and cos(a) in a², highest power first. On an octant, |a| is at
# most pi/4 = 0.785, so the first omitted terms are below 0.785**17/17! = 5e-17.
_SINE = (
    -1.0 / 1307674368000.0,
    1.0 / 6227020800.0,
    -1.0 / 39916800.0,
    1.0 / 362880.0,
    -1.0 / 5040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
)
_COSINE = (
    1.0 / 20922789888000.0,
    -1.0 / 87178291200.0,
    1.0 / 479001600.0,
    -1.0 / 3628800.0,
    1.0 / 40320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -0.5,
    1.0,
)


def sincos_turns(turns: float) -> tuple[float, float]:
    """Return (sin, cos) of 2 pi times a finite number of turns.

    The turn is split into quarters around 0, 1/4, 1/2 and 3/4, so that the polynomials only see
    angles up to pi/4; a quarter turn swaps sine and cosine.
    """
    fraction = turns - floor(turns)
    quarter = floor(4.0 * fraction + 0.5)
    angle = (fraction - 0.25 * quarter) * _TAU
    square = angle * angle
    sine = 0.0
    for coefficient in _SINE:
        sine = sine * square + coefficient
    sine *= angle
    cosine = 0.0
    for coefficient in _COSINE:
        cosine = cosine * square + coefficient
    if quarter == 1:
        return cosine, -sine
    if quarter == 2:
        return -sine, -cosine
    if quarter == 3:
        return -cosine, sine
    return sine, cosine
