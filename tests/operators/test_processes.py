"""Children do not depend on the process that makes them."""

import os
import subprocess
import sys

PROGRAM = """
import hashlib, random
from ulmus.operators.crossover import Crossover
from ulmus.operators.syntax import SyntaxMutation
from ulmus.records import Program

text = '''
import math

def ring(m, n):
    points = [m.joint(math.cos(i), math.sin(i)) for i in range(n)]
    for i in range(n - 1):
        m.link(points[i], points[i + 1], False, 0.5)
    return points

def main():
    m = maker()
    a = ring(m, 5)
    b = m.joint(2, 3.5)
    m.link(a[0], b, i % 2 == 0, 0.25)
    return m.get()
'''
syntax, crossover, family = SyntaxMutation(), Crossover(), [Program(text)]
for seed in range(150):
    rng = random.Random(seed)
    pair = [family[int(rng.random() * len(family))] for _ in range(2)]
    (one,) = syntax.propose([pair[:1]], [rng])
    (two,) = crossover.propose([pair], [rng])
    family += [proposal.program for proposal in (one, two) if proposal.program is not None]
print(len(family), hashlib.sha256("".join(p.source for p in family).encode()).hexdigest())
"""


def test_the_order_of_hashes_does_not_matter():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
    assert int(outputs.pop().split()[0]) > 150
