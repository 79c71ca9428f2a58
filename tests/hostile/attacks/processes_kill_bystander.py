"""Kill another process of the user.

Evidence: kill
Sandbox: error
"""

import os
import signal


def attack(target):
    os.kill(target["bystander"], getattr(signal, "SIGKILL", 9))
