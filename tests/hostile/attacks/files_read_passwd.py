"""Read the list of accounts of the machine.

Evidence: text root:x:0
Sandbox: violation, error
"""


def attack(target):
    with open("/etc/passwd") as accounts:
        return accounts.read()
