"""Make the answer depend on numbers of the process.

Evidence: differs
Sandbox: ok, error
"""

import os
import threading


def attack(target):
    return [os.getpid(), threading.get_ident()]
