"""Wait without a limit for a lock that one holds oneself.

Evidence: hang
Sandbox: timeout, error, violation, crashed
"""

import _thread


def attack(target):
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire()
