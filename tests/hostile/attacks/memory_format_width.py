"""Ask the formatter for a field 640 million characters wide.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    return len(f"{1:>640000000}")
