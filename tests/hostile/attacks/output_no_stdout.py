"""Take the evaluator's output stream away.

Evidence: died
Sandbox: ok, error
"""

import sys


def attack(target):
    if sys.__stdout__ is not None:
        sys.__stdout__.close()
    sys.stdout = sys.stderr = sys.__stdout__ = None
    return {"distance": 1.0}
