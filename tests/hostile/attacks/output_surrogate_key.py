"""Answer with a key that cannot be encoded.

Evidence: died
Sandbox: output, error
"""


def attack(target):
    return {"distance": 1.0, "\ud912": 1}
