"""Call the C library.

Evidence: file
Sandbox: error
"""

import ctypes


def attack(target):
    ctypes.CDLL(None).system(f"echo tweet > {target['canary']}".encode())
