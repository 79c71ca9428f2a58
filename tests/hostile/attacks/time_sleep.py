"""Sleep: no instruction is spent, yet no answer comes.

Evidence: hang
Sandbox: ok, timeout, error, violation, crashed
"""

import time


def attack(target):
    time.sleep(100_000)
