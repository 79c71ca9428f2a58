"""Loop for ever.

Evidence: hang
Sandbox: timeout
"""


def attack(target):
    while True:
        pass
