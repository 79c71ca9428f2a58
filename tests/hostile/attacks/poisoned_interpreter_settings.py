"""Leave hostile settings of the interpreter behind.

Evidence: poison
Sandbox: ok, error
"""

import decimal
import sys


def attack(target):
    sys.set_int_max_str_digits(640)
    decimal.getcontext().prec = 1
    sys.setrecursionlimit(60)
    return {"distance": 1.0}
