"""Take 640 MB in one piece.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    block = bytearray(640_000_000)
    return len(block)
