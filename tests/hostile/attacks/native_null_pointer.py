"""Read address zero.

Evidence: died
Sandbox: error, crashed
"""

import ctypes


def attack(target):
    return ctypes.string_at(0)
