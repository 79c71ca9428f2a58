"""Raise an exception whose class lies about its own name.

Evidence: died
Sandbox: violation, error
"""


class Meta(type):
    def __getattribute__(cls, name):
        raise SystemExit(name)


class Odd(Exception, metaclass=Meta):
    def __str__(self):
        return str(type(self).__name__)


def attack(target):
    raise Odd("catch me")
