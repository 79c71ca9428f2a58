"""Fail with a message that cannot be encoded.

Evidence: died
Sandbox: error
"""


def attack(target):
    raise ValueError("half a pair: \ud800")
