"""Become another program.

Evidence: file
Sandbox: error
"""

import os


def attack(target):
    os.execv("/bin/sh", ["sh", "-c", f"echo tweet > {target['canary']}"])
