"""Rebuild a function with another world of globals.

Evidence: secret
Sandbox: violation, error
"""

import types


def attack(target):
    code = compile("def reach(path): return open(path).read()", "<rebuilt>", "exec").co_consts[0]
    world = {"__builtins__": __import__("builtins")}
    return types.FunctionType(code, world)(target["secret_file"])
