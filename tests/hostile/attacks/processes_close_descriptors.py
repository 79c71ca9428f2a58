"""Close every descriptor of the evaluator.

Evidence: died
Sandbox: violation, ok
"""

import os


def attack(target):
    for number in range(64):
        try:
            os.close(number)
        except OSError:
            continue
