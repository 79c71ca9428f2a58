"""Read the host's environment, where people keep their keys.

Evidence: secret
Sandbox: ok
"""

import os


def attack(target):
    return [dict(os.environ), {str(k): str(v) for k, v in getattr(os, "environb", {}).items()}]
