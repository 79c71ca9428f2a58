"""Raise an exception that cannot be described.

Evidence: died
Sandbox: error
"""


class Indescribable(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__


def attack(target):
    raise Indescribable
