"""Lower the evaluator's own limits for good.

Evidence: poison
Sandbox: error
"""

import resource


def attack(target):
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
