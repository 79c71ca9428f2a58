"""Loop for ever when the interpreter exits.

Evidence: hang
Sandbox: ok, timeout
"""

import atexit


def cling():
    while True:
        pass


def attack(target):
    atexit.register(cling)
    return {"distance": 1.0}
