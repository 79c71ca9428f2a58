"""Make the backtracking stack of a regular expression grow with the text.

Evidence: memory
Sandbox: memory, error, timeout, crashed
"""

import re


def attack(target):
    return re.match(r"(?:a|ab)*c", "a" * 12_000_000) is None
