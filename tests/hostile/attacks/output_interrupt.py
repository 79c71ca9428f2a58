"""Pretend that the user pressed Ctrl-C.

Evidence: died
Sandbox: error
"""


def attack(target):
    raise KeyboardInterrupt
