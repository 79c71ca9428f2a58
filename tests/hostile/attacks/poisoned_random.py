"""Leave random numbers behind that are none.

Evidence: poison
Sandbox: ok
"""

import random


def attack(target):
    random.seed = lambda *args, **kwargs: None
    random.random = lambda: 0.5
    random.Random.random = lambda self: 0.5
    random.Random.seed = lambda self, *args, **kwargs: None
    return {"distance": 1.0}
