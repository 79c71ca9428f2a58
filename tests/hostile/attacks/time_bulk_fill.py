"""Spend the time in filling fresh memory, block after block.

Evidence: hang
Sandbox: timeout
"""


def attack(target):
    while True:
        bytearray(30_000_000)
        b"x" * 30_000_000
