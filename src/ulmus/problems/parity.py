"""4-Parity: repair a function that tells whether an even or an odd number of bits is set.

Section 5 of the ELM paper (arXiv 2206.08896): bugs 1 to 4 rename the bits in the sum to names that
do not exist, one after the other; bug 5 takes the sum modulo 3. The docstring stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

from ulmus.problems.unit_tests import Case, Task, UnitTested

TASK = Task(
    function="parity",
    template='''\
def parity(b1, b2, b3, b4):
    """Return the parity of four bits: 0 if the number of ones is even, 1 if it is odd."""
    return sum([{}1, {}2, {}3, {}4]) % {}
''',
    right=("b", "b", "b", "b", "2"),
    wrong=("c", "c", "c", "c", "3"),
    cases=tuple(Case(bits, sum(bits) % 2) for bits in product((0, 1), repeat=4)),
)


@dataclass(frozen=True)
class Parity(UnitTested):
    """All 16 inputs are tests.

    Attributes:
        bugs: Number of bugs in the seed program, 0 to 5.
    """

    task: ClassVar[Task] = TASK
