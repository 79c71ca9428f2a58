"""Fork again and again, and leave all children alive (two dozen here; a real one never stops).

Evidence: orphans
Sandbox: error
"""

import os
import time


def attack(target):
    for _ in range(24):
        if os.fork() == 0:
            os.setsid()
            time.sleep(30)
            os._exit(0)
