"""Make the answer depend on addresses and on the order of hashes.

Evidence: differs
Sandbox: ok
"""


class Joint:
    pass


def attack(target):
    joints = [Joint() for _ in range(50)]
    names = {f"joint {number}" for number in range(50)}
    return [[id(joint) for joint in joints], list(names), hash("walker"), repr(joints[0])]
