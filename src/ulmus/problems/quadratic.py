"""Quadratic: repair a function that returns the value of a polynomial of the second degree.

Section 5 of the ELM paper (arXiv 2206.08896): bugs 1 and 2 replace the two plus signs, from left to
right; by a minus sign, which the paper shows but does not say. The docstring stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ulmus.problems.unit_tests import Case, Task, UnitTested

_GIVEN = (
    (0, 0, 0, 0),
    (1, 0, 0, 3),
    (0, 1, 0, 5),
    (0, 0, 1, 2),
    (1, 1, 1, 1),
    (2, 3, 5, 7),
    (2, 3, 5, -7),
    (-2, 3, 5, 7),
    (2, -3, 5, 7),
    (2, 3, -5, 7),
    (-11, -13, -17, -3),
    (4, 0, 9, 6),
    (7, 8, 0, 2),
    (0, 19, 23, -4),
    (3, 5, 7, 0),
    (101, 211, 307, 53),
)
"""a, b, c, x: zeros, ones, signs and a few primes, so that no simpler formula agrees with all."""

TASK = Task(
    function="quadratic",
    template='''\
def quadratic(a, b, c, x):
    """Return the quadratic in x with the coefficients a, b and c."""
    return a * x ** 2 {} b * x {} c
''',
    right=("+", "+"),
    wrong=("-", "-"),
    cases=tuple(Case((a, b, c, x), a * x * x + b * x + c) for a, b, c, x in _GIVEN),
)


@dataclass(frozen=True)
class Quadratic(UnitTested):
    """Sixteen inputs are tests.

    Attributes:
        bugs: Number of bugs in the seed program, 0 to 2.
    """

    task: ClassVar[Task] = TASK
