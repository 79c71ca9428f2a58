"""Print without end.

Evidence: flood
Sandbox: ok, timeout
"""

import sys


def attack(target):
    line = "walk " * 20_000
    for _ in range(300):
        print(line)
        print(line, file=sys.stderr)
