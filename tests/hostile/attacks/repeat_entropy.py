"""Draw numbers that no seed repeats.

Evidence: differs
Sandbox: violation, error, ok
"""

import _imp
import importlib.machinery
import os
import random
import uuid


def attack(target):
    seen = [os.urandom(8).hex(), str(uuid.uuid4()), random.SystemRandom().random()]
    fresh = _imp.create_builtin(importlib.machinery.ModuleSpec("posix", None, origin="built-in"))
    _imp.exec_builtin(fresh)
    seen.append(fresh.urandom(8).hex())
    random.seed()
    seen.append(random.random())
    seen.append(random.Random().random())
    return seen
