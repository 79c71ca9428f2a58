"""Loop for ever before the entry exists.

Evidence: hang
Sandbox: timeout
"""

while True:
    pass


def attack(target):
    return None
