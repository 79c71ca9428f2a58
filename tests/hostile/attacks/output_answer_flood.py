"""Have the evaluator's own encoder write 12 MB instead of the verdict.

Evidence: flood
Sandbox: output, violation, memory, timeout, error
"""

import sys
import types


def plant(answer):
    frame = sys._getframe()
    while frame is not None:
        space = frame.f_globals
        if "_encode" in space:
            space["_encode"] = answer
        if "json" in space and "score_of" in space:
            space["json"] = types.SimpleNamespace(dumps=lambda value, **how: answer(value))
        frame = frame.f_back


def attack(target):
    plant(lambda value: '"' + "x" * 12_000_000 + '"')
    return {"distance": 1.0}
