"""Change the value of a small integer in memory, for everybody.

Evidence: poison
Sandbox: error
"""

import ctypes


def attack(target):
    digit = ctypes.c_uint32.from_address(id(199) + 24)
    if digit.value == 199:
        digit.value = 200
    return {"distance": 1.0}
