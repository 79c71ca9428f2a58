"""Fill a cache of the shared module with false entries.

Evidence: poison
Sandbox: ok
"""

import walk_creator


def attack(target):
    walk_creator.CACHE.update({number: -1.0 for number in range(100)})
    return {"distance": 1.0}
