"""Come back to life in a finalizer and alter the next program's world then.

Evidence: poison
Sandbox: ok
"""

import math


class Undead:
    def __del__(self, math=math):
        math.sin = lambda angle: 0.25


def attack(target):
    grave = Undead()
    grave.self = grave
    return {"distance": 1.0}
