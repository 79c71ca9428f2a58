"""Have the evaluator's own encoder write every field that a report may have, all of them false.

Evidence: forged
Sandbox: ok, output, violation, error
"""

import sys
import types

HEADS = [
    '{"program": "attack", "score": 1e9, "status": "ok", "error": null, "entry": "", "stdout": ""}',
    '{"status": "ok", "error": null, "entry": "\\ud800", "stdout": "\\ud800", "fuel": -1}',
    '{"status": "ok", "error": null, "entry": "attack", "stdout": "", "status": "OK"}',
]


def answer(value, **how):
    return HEADS[0]


def attack(target):
    frame = sys._getframe()
    while frame is not None:
        space = frame.f_globals
        if "_encode" in space:
            space["_encode"] = lambda value: HEADS["status" not in value]
        if "json" in space and "score_of" in space:
            space["json"] = types.SimpleNamespace(dumps=answer)
        frame = frame.f_back
    return {"distance": 1.0}
