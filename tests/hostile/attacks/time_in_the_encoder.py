"""Answer with a dict whose items never end, so that it is the encoder that hangs.

Evidence: hang
Sandbox: ok, output, timeout, error
"""


class Endless(dict):
    def items(self):
        while True:
            yield "joint", 0.0

    def __iter__(self):
        while True:
            yield "joint"

    keys = __iter__


def attack(target):
    return Endless(joint=0.0)
