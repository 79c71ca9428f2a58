"""Call the C library through the lower half of ctypes.

Evidence: file
Sandbox: error
"""

import _ctypes


def attack(target):
    handle = _ctypes.dlopen(None, 2)
    address = _ctypes.dlsym(handle, "mkdir")
    _ctypes.call_function(address, (target["canary"].encode(), 0o700))
