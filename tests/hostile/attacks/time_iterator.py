"""Answer with a list whose iterator never ends.

Evidence: hang
Sandbox: ok, output, timeout, error
"""


class Endless(list):
    def __iter__(self):
        while True:
            yield 0.0


def attack(target):
    return {"distance": 1.0, "joints": Endless([0.0])}
