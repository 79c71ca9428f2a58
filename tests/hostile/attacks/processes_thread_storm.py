"""Start thirty threads that go on after the answer.

Evidence: text threads:30
Sandbox: error
"""

import threading
import time


def attack(target):
    for _ in range(30):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
    return f"threads:{threading.active_count() - 1}"
