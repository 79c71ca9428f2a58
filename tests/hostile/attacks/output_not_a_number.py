"""Answer with NaN deep inside, which compares as whatever one likes.

Evidence: nonfinite
Sandbox: output
"""


def attack(target):
    return {"distance": 1.0, "joints": [[0.0, float("nan")]]}
