"""Fills a grid with joints and links neighbours as three functions of their places say.

The core that the seed program `cppn_fixed` is given from outside, so that evolution cannot touch
it (`cppn_mutable` carries it inside). Its test for "the same point" compares x1 with y1 and x2
with y2, as in the paper: links between two points of the diagonal are lost, and a point is
offered to `connect_func` together with itself.
"""

from collections.abc import Callable
from typing import Any


def query_cppn(
    wc: Any,
    xgrid: int,
    ygrid: int,
    scale: float,
    connect_func: Callable[[int, int, int, int], object],
    amp_func: Callable[[int, int, int, int], float],
    phase_func: Callable[[int, int, int, int], float],
) -> dict[tuple[int, int], int]:
    """Return the joints by (x, y) after linking every chosen pair with x2 >= x1 and y2 >= y1.

    The three functions are called with x1, y1, x2, y2 in steps of the grid.
    """
    joints = {}
    for x in range(xgrid):
        for y in range(ygrid):
            joints[x, y] = wc.add_joint(x * scale, y * scale)
    for x1 in range(xgrid):
        for y1 in range(ygrid):
            for x2 in range(x1, xgrid):
                for y2 in range(y1, ygrid):
                    if x1 == y1 and x2 == y2:
                        continue
                    if connect_func(x1, y1, x2, y2):
                        amplitude = amp_func(x1, y1, x2, y2)
                        phase = phase_func(x1, y1, x2, y2)
                        wc.add_muscle(joints[x1, y1], joints[x2, y2], False, amplitude, phase)
    return joints
