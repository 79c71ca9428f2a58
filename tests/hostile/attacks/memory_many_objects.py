"""Keep making small objects.

Evidence: memory
Sandbox: memory, error, timeout
"""


def attack(target):
    hoard = []
    for _ in range(36):
        hoard.append([float(number) for number in range(500_000)])
    return len(hoard)
