"""Recurse in pure Python with the recursion limit lifted.

Evidence: memory
Sandbox: memory, error, timeout, crashed
"""

import sys


def deeper(depth, cargo):
    return deeper(depth - 1, [cargo]) if depth else 0


def attack(target):
    sys.setrecursionlimit(2**31 - 1)
    return deeper(3_000_000, None)
