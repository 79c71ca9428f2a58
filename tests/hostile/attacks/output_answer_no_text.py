"""Have the evaluator's own encoder return something that is no text.

Evidence: died
Sandbox: crashed, violation, error
"""

import sys
import types


class Odd(str):
    def __str__(self):
        raise SystemExit

    __add__ = __len__ = encode = __iter__ = write = __str__


def answer(value, **how):
    return Odd("x")


def attack(target):
    frame = sys._getframe()
    while frame is not None:
        space = frame.f_globals
        if "_encode" in space:
            space["_encode"] = answer
        if "json" in space and "score_of" in space:
            space["json"] = types.SimpleNamespace(dumps=answer)
            space["print"] = lambda text, **how: str(text)
        frame = frame.f_back
    return {"distance": 1.0}
