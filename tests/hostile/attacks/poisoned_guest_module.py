"""Alter the module that the host hands to each program.

Evidence: poison
Sandbox: ok
"""

import walk_creator


def attack(target):
    walk_creator.Sheet.add_joint = lambda self, x, y: self.joints.append([0.0, 0.0])
    walk_creator.SCALE = 100.0
    return {"distance": 1.0}
