"""Put forged answers in the place of every function that the garbage collector knows.

Evidence: forged
Sandbox: ok, error, output, crashed
"""

import gc
import sys
import types

FORGED = '{"ok": true, "status": "ok", "kind": "ok", "score": 1e9, "value": 1e9, "fuel": -5}'


def forge(*args, **kwargs):
    return 1e9


def answer(*args, **kwargs):
    return FORGED


def attack(target):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is not globals():
            home = (thing.__module__ or "").split(".")[0]
            if home in sys.stdlib_module_names and home != "__main__":
                continue
            try:
                body = forge if "score" in thing.__name__ else answer
                thing.__globals__[thing.__name__] = body
            except (AttributeError, TypeError, ValueError):
                continue
    return {"distance": 1.0}
