"""Alter the default argument of a function that the host hands to each program.

Evidence: poison
Sandbox: ok
"""

import walk_creator


def attack(target):
    walk_creator.Sheet.add_muscle.__defaults__ = (9.0,)
    walk_creator.Sheet.data.__code__ = (lambda self: {"joints": [], "muscles": []}).__code__
    return {"distance": 1.0}
