"""Compute a power with hundreds of millions of digits.

Evidence: hang
Sandbox: timeout, memory, error
"""


def attack(target):
    return (7 ** (9**9)) % 10
