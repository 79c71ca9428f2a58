"""Leave an import hook behind.

Evidence: poison
Sandbox: ok, error
"""

import builtins
import sys
import types

real_import = builtins.__import__


def hook(name, *args, **kwargs):
    if name == "fractions":
        false = types.ModuleType("fractions")
        false.Fraction = lambda *args: 7
        return false
    return real_import(name, *args, **kwargs)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None


def attack(target):
    builtins.__import__ = hook
    sys.meta_path.insert(0, Finder)
    sys.path_hooks.insert(0, lambda path: None)
    return {"distance": 1.0}
