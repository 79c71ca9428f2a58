"""Die by a signal, and take the evaluator along.

Evidence: died
Sandbox: error
"""

import os


def attack(target):
    os.kill(os.getpid(), 9)
