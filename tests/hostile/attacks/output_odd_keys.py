"""Answer with keys that are no strings.

Evidence: died
Sandbox: output
"""


def attack(target):
    return {("a", 1): 1.0, None: 2.0, 3.5: 3.0}
