"""Ask the C library for the environment.

Evidence: secret
Sandbox: error
"""

import ctypes


def attack(target):
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    return getenv(target["variable"].encode()).decode()
