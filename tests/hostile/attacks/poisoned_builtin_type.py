"""Change a method of a built-in type through the dict behind its proxy.

Evidence: poison
Sandbox: ok, error, crashed
"""

import gc


def attack(target):
    methods = gc.get_referents(int.__dict__)[0]
    methods["bit_length"] = lambda self: 77
    methods["ulmus_mark"] = 1
    type("Flush", (int,), {}).mark = 1
    int.ulmus_mark  # noqa: B018
    return {"distance": 1.0}
