"""Have the evaluator's own encoder write an escape that reads as text nobody can write.

Evidence: unwritable
Sandbox: output, violation, error
"""

import json
import sys
import types

write = json.dumps


def answer(value, **how):
    if "status" in value:
        return write(value)
    return r'{"program": "attack", "score": 1.0, "value": {"name": "\ud800"}}'


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
