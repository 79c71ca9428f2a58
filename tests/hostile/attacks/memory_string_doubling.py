"""Double a string until nothing is left.

Evidence: memory
Sandbox: memory, error
"""


def attack(target):
    text = "walker"
    while len(text) < 600_000_000:
        text += text
    return len(text)
