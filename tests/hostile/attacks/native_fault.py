"""Ask the fault handler for a fault.

Evidence: died
Sandbox: error, crashed
"""

import faulthandler


def attack(target):
    faulthandler._sigsegv()
