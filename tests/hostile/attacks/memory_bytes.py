"""Take 800 MB in one piece.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    block = bytearray(800_000_000)
    return len(block)
