"""Leave a callback behind that waits for the garbage collector.

Evidence: poison
Sandbox: ok
"""

import gc
import math


def attack(target):
    def callback(phase, info):
        math.sqrt = lambda number: 4.0

    gc.callbacks.append(callback)
    return {"distance": 1.0}
