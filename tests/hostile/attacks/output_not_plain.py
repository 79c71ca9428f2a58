"""Answer with things that are no plain data.

Evidence: died
Sandbox: output
"""


def attack(target):
    return {"distance": 1.0, "set": {1, 2}, "bytes": b"x", "code": attack, "type": int}
