"""Stay in one call of C code for hours.

Evidence: hang
Sandbox: timeout
"""


def attack(target):
    return sum(range(10**13))
