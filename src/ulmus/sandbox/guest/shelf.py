"""Modules that are already loaded in the snapshot: those that ulmus ships for its problems.

Running such a module is a fifth of the work of a small program. A module is taken from the shelf
only if the job's source of it equals, byte for byte, the source that was put there; any other
travels with the job. Either way the program finds the same module.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from types import ModuleType

FOLDER = "ulmus_shelf"
"""Where the build puts the sources, beside the package of the guest."""

_digests: dict[str, str] = {}
_modules: dict[str, ModuleType] = {}


def fill() -> None:
    """Load what the build put there; runs once, at build time."""
    for place in sys.path:
        folder = f"{place}/{FOLDER}"
        if os.path.isdir(folder):
            for file in sorted(os.listdir(folder)):
                with open(f"{folder}/{file}", "rb") as stream:
                    _put(file.removesuffix(".py"), stream.read())
    for name in _modules:
        del sys.modules[name]


def _put(name: str, content: bytes) -> None:
    module = ModuleType(name)
    code = compile(content.decode("utf-8"), f"<{name}>", "exec", dont_inherit=True)
    sys.modules[name] = module  # others on the shelf may import it
    exec(code, module.__dict__)
    _modules[name] = module
    _digests[name] = hashlib.sha256(content).hexdigest()


def inventory() -> str:
    """Return a JSON object of module name and SHA-256 of its source."""
    return json.dumps(_digests)


def take(name: str) -> ModuleType:
    """Return a module of the shelf."""
    return _modules[name]
