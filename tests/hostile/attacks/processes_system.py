"""Start a shell by the older doors.

Evidence: file
Sandbox: ok
"""

import os


def attack(target):
    command = f"echo tweet > {target['canary']}"
    for name in ("system", "popen"):
        try:
            done = getattr(os, name)(command)
        except (AttributeError, OSError, ImportError):
            continue
        if hasattr(done, "close"):
            done.close()
    try:
        os.posix_spawn("/bin/sh", ["sh", "-c", command], {})
    except (AttributeError, OSError):
        return
