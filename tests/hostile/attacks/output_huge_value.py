"""Answer with 40 MB.

Evidence: flood
Sandbox: output, memory
"""


def attack(target):
    return "x" * 40_000_000
