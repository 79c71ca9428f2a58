"""Start again in every `finally`.

Evidence: hang
Sandbox: timeout
"""


def again():
    try:
        return again()
    finally:
        again()


def attack(target):
    return again()
