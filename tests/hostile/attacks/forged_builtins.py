"""Replace the built-ins that a scorer relies on.

Evidence: forged
Sandbox: ok, output, error
"""

import builtins


def attack(target):
    builtins.float = lambda *args: 1e9
    builtins.len = lambda thing: 1
    builtins.abs = builtins.max = builtins.min = builtins.sum = lambda *args: 1e9
    return {"distance": 1.0}
