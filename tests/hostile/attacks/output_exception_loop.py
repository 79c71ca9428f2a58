"""Raise an exception whose description never ends.

Evidence: hang
Sandbox: error, timeout
"""


class Endless(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def attack(target):
    raise Endless
