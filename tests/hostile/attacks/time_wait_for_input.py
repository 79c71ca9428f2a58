"""Read standard input to an end that never comes.

Evidence: hang
Sandbox: ok, error, timeout, violation
"""

import os


def attack(target):
    while os.read(0, 4096):
        pass
