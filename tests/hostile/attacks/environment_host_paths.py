"""Learn where the host keeps its files: folders, executables, tracebacks.

Evidence: host-path
Sandbox: ok
"""

import os
import sys
import traceback


def attack(target):
    found = [sys.executable, sys.prefix, sys.base_prefix, *map(str, sys.path)]
    found += [str(getattr(module, "__file__", "")) for module in list(sys.modules.values())]
    found += [frame.filename for frame in traceback.extract_stack()]
    try:
        found.append(os.getcwd())
    except OSError:
        pass
    return found
