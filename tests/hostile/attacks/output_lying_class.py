"""Answer with an object that says it is a dict until somebody has to write it down.

Evidence: died
Sandbox: output, error
"""


class Mask:
    __class__ = dict

    def __contains__(self, key):
        return True

    def get(self, key, default=None):
        return default

    def __getitem__(self, key):
        return 1.0


def attack(target):
    return Mask()
