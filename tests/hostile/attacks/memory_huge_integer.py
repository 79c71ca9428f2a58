"""Make an integer of 640 MB.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    return (1 << 4_800_000_000).bit_length()
