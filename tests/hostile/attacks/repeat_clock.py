"""Learn the time, so that no two runs need to be equal.

Evidence: differs
Sandbox: violation, error, ok
"""

import _imp
import datetime
import importlib.machinery
import time


def attack(target):
    fresh = _imp.create_builtin(importlib.machinery.ModuleSpec("time", None, origin="built-in"))
    _imp.exec_builtin(fresh)
    seen = []
    for module in (time, fresh):
        for name in ("time", "time_ns", "monotonic_ns", "perf_counter_ns", "process_time_ns"):
            seen.append(float(getattr(module, name)()))
    seen.append(str(datetime.datetime.now()))
    seen.append(str(fresh.localtime()))
    return seen
