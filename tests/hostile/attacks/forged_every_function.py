"""Give every function outside the standard library a body that returns a forged answer.

Evidence: forged
Sandbox: ok, error, output, crashed, violation
"""

import sys
import types

FORGED = '{"ok": true, "status": "ok", "kind": "ok", "score": 1e9, "value": 1e9, "fuel": -5}'


def attack(target):
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.split(".")[0] in sys.stdlib_module_names and name != "__main__":
            continue
        for key, thing in list(getattr(module, "__dict__", {}).items()):
            if isinstance(thing, types.FunctionType) and thing is not attack:
                answer = 1e9 if "score" in key else FORGED
                module.__dict__[key] = lambda *args, answer=answer, **kwargs: answer
    return {"distance": 1.0}
