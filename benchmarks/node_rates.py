"""How often node mutation repairs the programs of the bug-repair study, by rate: the hand-tuning.

    python benchmarks/node_rates.py

Exact for parity: all programs that the operator can make of it are enumerated and those that pass
the tests are weighted by their probability. For quadratic the direct way is counted, each wrong
operator replaced by a plus and nothing else touched; other ways need at least two nodes more.
"""

from __future__ import annotations

from itertools import product
from math import exp, log, prod

import numpy as np

from ulmus.operators.node import EXTRA_NAMES, FUNCTIONS, NUMBERS
from ulmus.problems.parity import TASK as PARITY

RATES = (0.02, 0.05, 0.09, 0.12, 0.15, 0.18, 0.22, 0.26, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
BITS = ("b1", "b2", "b3", "b4")
TERMINALS = (*BITS, *EXTRA_NAMES, *NUMBERS)
QUADRATIC_NODES = 11  # a x 2 b x c, and the operators * ** + * +

Genes = tuple[str, ...]  # the four elements of the sum, the modulus, the operator


def solutions() -> list[Genes]:
    """Return all programs of the shape of parity that pass the tests."""
    inputs = np.array([case.given for case in PARITY.cases], dtype=np.int64)
    expected = np.array([case.expected for case in PARITY.cases])
    columns = dict(zip(BITS, inputs.T, strict=True))
    columns |= {number: np.full(len(inputs), int(number)) for number in NUMBERS}
    found = []
    for leaves in product(columns, repeat=4):
        total = sum(columns[leaf] for leaf in leaves)
        for operator, last in product(FUNCTIONS, columns):
            if np.array_equal(_apply(operator, total, columns[last]), expected):
                found.append((*leaves, last, operator))
    return found


def _apply(operator: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if operator == "%":
        return np.where(right == 0, -1, left % np.maximum(right, 1))  # no terminal is negative
    if operator == "**":
        return left**right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def parity_success(rate: float, bugs: int, found: list[Genes]) -> float:
    """Return the exact probability that one mutation repairs parity."""
    bits = ["c" if k < bugs else "b" for k in range(4)]
    parent = (*[f"{bit}{k + 1}" for k, bit in enumerate(bits)], "3" if bugs > 4 else "2", "%")
    others = [len(TERMINALS) - 1] * 5 + [len(FUNCTIONS) - 1]
    return sum(
        prod(
            rate / n if gene != before else 1 - rate
            for gene, before, n in zip(genes, parent, others, strict=True)
        )
        for genes in found
    )


def quadratic_success(rate: float, bugs: int) -> float:
    """Return the probability that one mutation repairs quadratic in the direct way."""
    return (rate / (len(FUNCTIONS) - 1)) ** bugs * (1 - rate) ** (QUADRATIC_NODES - bugs)


def main() -> None:
    """Print success in per cent by rate and bugs, and the geometric mean over the bugs."""
    found = solutions()
    print(f"{len(found)} programs of the shape of parity pass its tests")
    print("rate   parity 1 ... 5, geometric mean            quadratic 1, 2, geometric mean")
    for rate in RATES:
        parity = [100 * parity_success(rate, bugs, found) for bugs in range(1, 6)]
        quadratic = [100 * quadratic_success(rate, bugs) for bugs in (1, 2)]
        cells = [" ".join(f"{x:.2g}" for x in (*row, _mean(row))) for row in (parity, quadratic)]
        print(f"{rate:<5}  {cells[0]:45} {cells[1]}")


def _mean(values: list[float]) -> float:
    return exp(sum(map(log, values)) / len(values))


if __name__ == "__main__":
    main()
