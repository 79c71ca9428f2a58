"""Raise an exception whose name and message are megabytes long.

Evidence: flood
Sandbox: error, memory
"""


def attack(target):
    kind = type("E" * 1_000_000, (Exception,), {})
    raise kind("m" * 15_000_000)
