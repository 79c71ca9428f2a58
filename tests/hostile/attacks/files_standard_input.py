"""Read what the host gets on its standard input.

Evidence: secret
Sandbox: ok, error, violation
"""

import os


def attack(target):
    return os.read(0, 4096).decode()
