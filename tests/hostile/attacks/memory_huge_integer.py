"""Make an integer of 800 MB.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    return (1 << 6_400_000_000).bit_length()
