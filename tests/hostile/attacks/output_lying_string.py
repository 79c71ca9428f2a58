"""Answer with a string that claims to be short.

Evidence: flood
Sandbox: output, memory, timeout, ok
"""


class Short(str):
    def __len__(self):
        return 1


def attack(target):
    return {"distance": 1.0, "name": Short("x" * 11_000_000)}
