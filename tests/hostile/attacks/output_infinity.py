"""Answer with an infinity, spelled as an ordinary number.

Evidence: nonfinite
Sandbox: output
"""


def attack(target):
    return {"distance": 1.0, "joints": [[1e999, -1e999]]}
