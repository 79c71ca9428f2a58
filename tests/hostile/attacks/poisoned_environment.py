"""Leave variables and a folder behind that steer the next program.

Evidence: poison
Sandbox: ok, error
"""

import os
import sys


def attack(target):
    os.environ["ULMUS_MARK"] = "1"
    sys.path.insert(0, "ulmus_mark")
    return {"distance": 1.0}
