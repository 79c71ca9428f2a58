"""Print to the streams that Python keeps from its start.

Evidence: flood
Sandbox: ok, error, timeout
"""

import sys


def attack(target):
    line = "walk " * 20_000
    for _ in range(300):
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.write(line)
                stream.flush()
