"""Leave a profiler behind that fails every call.

Evidence: poison
Sandbox: ok, error
"""

import sys


def watch(frame, event, argument):
    if frame.f_code.co_name == "make_walker":
        raise ValueError("no walker for you")


def attack(target):
    sys.setprofile(watch)
    return {"distance": 1.0}
