"""Walk from a harmless module to the operating system without one underscore.

Evidence: secret
Sandbox: violation, error
"""

import dataclasses


def attack(target):
    system = dataclasses.sys.modules["os"]
    return system.read(system.open(target["secret_file"], 0), 4096).decode()
