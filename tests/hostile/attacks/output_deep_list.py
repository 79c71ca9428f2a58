"""Answer with a list a hundred thousand levels deep.

Evidence: died
Sandbox: crashed, output
"""


def attack(target):
    value = []
    for _ in range(100_000):
        value = [value]
    return value
