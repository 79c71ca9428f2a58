"""Loop for ever and swallow every exception that could end it.

Evidence: hang
Sandbox: timeout
"""


def attack(target):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
