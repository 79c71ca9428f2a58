"""Nest two hundred thousand C iterators and ask for one item.

Evidence: died
Sandbox: crashed, error, memory
"""


def attack(target):
    chain = iter(())
    for _ in range(200_000):
        chain = filter(None, chain)
    return list(chain)
