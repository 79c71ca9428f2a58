"""Catch each refusal and ask again.

Evidence: memory
Sandbox: memory, timeout, ok
"""


def attack(target):
    hoard = []
    size = 1 << 26
    while size > 16 and len(hoard) < 14:
        try:
            hoard.append(bytearray(size))
        except MemoryError:
            size //= 2
    return sum(map(len, hoard)) > 800_000_000
