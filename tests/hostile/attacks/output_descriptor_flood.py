"""Flood the host's own standard output, past `sys.stdout`.

Evidence: flood
Sandbox: ok, error, timeout, violation
"""

import os


def attack(target):
    block = b"walk " * 20_000
    for _ in range(300):
        for number in (1, 2):
            try:
                os.write(number, block)
            except OSError:
                continue
