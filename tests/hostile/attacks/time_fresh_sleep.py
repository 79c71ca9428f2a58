"""Sleep with a freshly created copy of the time module, past any patched `sleep`.

Evidence: hang
Sandbox: ok, timeout, error, violation, crashed
"""

import _imp
import importlib.machinery


def attack(target):
    module = _imp.create_builtin(importlib.machinery.ModuleSpec("time", None, origin="built-in"))
    _imp.exec_builtin(module)
    module.sleep(100_000)
