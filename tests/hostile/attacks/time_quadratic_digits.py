"""Turn a long number into text and back, in quadratic time inside one call.

Evidence: hang
Sandbox: timeout, memory
"""

import sys


def attack(target):
    sys.set_int_max_str_digits(0)
    return len(str(7**3_000_000)) + len(str(int("7" * 3_000_000)))
