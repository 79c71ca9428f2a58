"""Match a regular expression that backtracks for ages.

Evidence: hang
Sandbox: timeout
"""

import re


def attack(target):
    return re.match(r"(a+)+$", "a" * 64 + "b") is None
