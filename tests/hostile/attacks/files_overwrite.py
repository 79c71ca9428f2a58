"""Truncate, rename and reprotect a file of the user.

Evidence: damage
Sandbox: violation, ok
"""

import os


def attack(target):
    path = target["victim"]
    for spoil in (
        lambda: os.truncate(path, 0),
        lambda: open(path, "r+").truncate(0),
        lambda: os.chmod(path, 0o777),
        lambda: os.replace(path, path + ".bak"),
    ):
        try:
            spoil()
        except (OSError, AttributeError):
            continue
