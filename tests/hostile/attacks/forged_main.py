"""Replace the scorer in the main module.

Evidence: forged
Sandbox: ok
"""

import sys


def attack(target):
    main = sys.modules.get("__main__")
    for name in dir(main):
        if "score" in name.lower():
            setattr(main, name, lambda value: 1e9)
    return {"distance": 1.0}
