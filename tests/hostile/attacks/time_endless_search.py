"""Search an endless iterator for what it never yields, all in C.

Evidence: hang
Sandbox: timeout
"""

import itertools


def attack(target):
    return -1 in itertools.count()
