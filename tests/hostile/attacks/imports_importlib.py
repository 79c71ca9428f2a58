"""Get forbidden modules through the import machinery.

Evidence: secret
Sandbox: violation, error
"""

import importlib


def attack(target):
    module = importlib.__import__("o" + "s")
    handle = module.open(target["secret_file"], 0)
    return module.read(handle, 4096).decode()
