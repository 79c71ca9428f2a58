"""Delete a file of the user.

Evidence: damage
Sandbox: error
"""

import os


def attack(target):
    os.remove(target["victim"])
