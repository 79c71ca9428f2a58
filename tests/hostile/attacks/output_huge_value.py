"""Answer with 12 MB.

Evidence: flood
Sandbox: output, memory, timeout
"""


def attack(target):
    return "x" * 12_000_000
