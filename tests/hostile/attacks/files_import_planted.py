"""Import a module that lies in a folder of the host.

Evidence: secret
Sandbox: error
"""

import sys


def attack(target):
    sys.path.insert(0, target["vault"])
    import planted

    return planted.SECRET
