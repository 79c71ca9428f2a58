"""Answer with a list that contains itself.

Evidence: died
Sandbox: output
"""


def attack(target):
    value = [1.0]
    value.append({"self": value})
    return value
