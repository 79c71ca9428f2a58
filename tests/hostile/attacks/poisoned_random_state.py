"""Advance the shared random generator and make reseeding impossible.

Evidence: poison
Sandbox: ok
"""

import random


def attack(target):
    state = random.getstate()
    random._inst.seed(12345)
    random.seed = lambda *args, **kwargs: None
    return {"distance": 1.0, "had": len(state)}
