"""Colour scales, the same as the page's: viridis for fitness, warm to cool for muscles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

VIRIDIS: tuple[Colour, ...] = (
    (68, 1, 84),
    (71, 45, 123),
    (59, 82, 139),
    (44, 114, 142),
    (33, 145, 140),
    (40, 174, 128),
    (94, 201, 98),
    (173, 220, 48),
    (253, 231, 37),
)
"""Perceptually uniform and readable without colour vision (van der Walt and Smith 2015, CC0)."""

MUSCLE: tuple[Colour, ...] = ((214, 60, 40), (173, 128, 168), (38, 112, 214))
"""A muscle that is contracted, at rest, stretched."""


def mixed(stops: Sequence[Colour], share: float) -> Colour:
    """Return the colour at a share in [0, 1] of the way through the stops."""
    place = min(1.0, max(0.0, share)) * (len(stops) - 1)
    k = min(len(stops) - 2, int(place))
    t = place - k
    red, green, blue = (round(a + t * (b - a)) for a, b in zip(stops[k], stops[k + 1], strict=True))
    return red, green, blue


def heat(share: float) -> Colour:
    """Return the colour of a fitness that is `share` of the way from the lowest to the highest."""
    return mixed(VIRIDIS, share)
