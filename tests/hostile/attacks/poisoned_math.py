"""Leave an altered sine behind.

Evidence: poison
Sandbox: ok
"""

import math


def attack(target):
    math.sin = lambda angle: 1.0
    math.sqrt = lambda number: 2.0
    return {"distance": 1.0}
