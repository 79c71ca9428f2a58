"""Loop for ever when the namespace is torn down.

Evidence: hang
Sandbox: ok, timeout
"""


class Clingy:
    def __del__(self):
        while True:
            pass


last_words = Clingy()


def attack(target):
    return {"distance": 1.0}
