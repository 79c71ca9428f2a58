"""Leave by the exceptions that `except Exception` lets through.

Evidence: died
Sandbox: error
"""


def attack(target):
    raise SystemExit(0)
