"""Leave a timer behind that kills the evaluator in the next program.

Evidence: died
Sandbox: error
"""

import signal


def attack(target):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    return {"distance": 1.0}
