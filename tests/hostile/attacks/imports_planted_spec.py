"""Load a module from a path with a hand-made specification.

Evidence: secret
Sandbox: violation, error
"""

import importlib.util


def attack(target):
    path = target["vault"] + "/planted.py"
    spec = importlib.util.spec_from_file_location("planted", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SECRET
