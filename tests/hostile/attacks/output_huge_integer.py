"""Answer with an integer too long to be written down.

Evidence: died
Sandbox: output
"""


def attack(target):
    return {"distance": 10**6000}
