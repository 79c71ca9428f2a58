"""Answer with a small graph that is exponentially large when written out.

Evidence: hang
Sandbox: output, memory, timeout
"""


def attack(target):
    value = [1.0]
    for _ in range(60):
        value = [value, value]
    return value
