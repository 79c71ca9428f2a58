"""Leave altered built-ins behind for the next program.

Evidence: poison
Sandbox: ok, error, output
"""

import builtins

real_sorted = builtins.sorted


def attack(target):
    builtins.sorted = lambda *args, **kwargs: real_sorted(*args, **kwargs)[::-1]
    builtins.sum = lambda *args: 42
    builtins.round = lambda number, digits=None: 0.5
    builtins.ulmus_mark = 1
    return {"distance": 1.0}
