"""Read the command line of the host, where tokens are passed.

Evidence: secret
Sandbox: violation, ok
"""

import sys


def attack(target):
    loot = [list(map(str, sys.argv)), list(map(str, sys.orig_argv))]
    try:
        with open("/proc/self/cmdline") as line:
            loot.append(line.read())
    except OSError:
        pass
    return loot
