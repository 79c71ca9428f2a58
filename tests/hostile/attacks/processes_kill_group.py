"""Kill the whole process group, evaluator included.

Evidence: died
Sandbox: error
"""

import os


def attack(target):
    os.killpg(os.getpgrp(), 9)
