"""Ask the formatter for a field 900 million characters wide.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    return len(f"{1:>900000000}")
