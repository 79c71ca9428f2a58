"""Alter a class of the standard library.

Evidence: poison
Sandbox: ok
"""

import fractions


def attack(target):
    fractions.Fraction.__add__ = lambda self, other: 13
    fractions.Fraction.__str__ = lambda self: "13"
    return {"distance": 1.0}
