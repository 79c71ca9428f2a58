"""Abort the process.

Evidence: died
Sandbox: error, crashed
"""

import os


def attack(target):
    os.abort()
