"""Delete a file of the user.

Evidence: damage
Sandbox: violation, error
"""

import os


def attack(target):
    os.remove(target["victim"])
