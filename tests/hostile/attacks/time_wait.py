"""Wait for things that never come: locks, selectors, events.

Evidence: hang
Sandbox: ok, timeout, error, violation, crashed
"""

import _thread


def attack(target):
    try:
        import select

        select.select([], [], [], 50_000)
    except (ImportError, OSError):
        pass
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire(True, 50_000)
