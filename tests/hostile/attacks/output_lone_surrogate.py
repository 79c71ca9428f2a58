"""Answer with text that cannot be encoded.

Evidence: died
Sandbox: output, error
"""


def attack(target):
    return {"distance": 1.0, "name": "half a pair: \udfff"}
