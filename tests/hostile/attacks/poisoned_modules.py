"""Leave false modules behind.

Evidence: poison
Sandbox: ok
"""

import sys
import types


def attack(target):
    false = types.ModuleType("math")
    false.sin = false.sqrt = lambda number: 3.0
    sys.modules["math"] = false
    sys.modules["ulmus_mark"] = false
    return {"distance": 1.0}
