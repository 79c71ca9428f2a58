"""Ask the fault handler for a fault.

Evidence: died
Sandbox: violation, crashed, error
"""

import faulthandler


def attack(target):
    faulthandler._sigsegv()
