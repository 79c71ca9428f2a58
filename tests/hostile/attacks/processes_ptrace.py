"""Attach to another process as a debugger.

Evidence: text attached:0
Sandbox: error
"""

import ctypes

PTRACE_SEIZE = 0x4206


def attack(target):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    return f"attached:{libc.ptrace(PTRACE_SEIZE, target['bystander'], None, None)}"
