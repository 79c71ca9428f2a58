"""Unpickle a call of the shell.

Evidence: file
Sandbox: error
"""

import pickle


def attack(target):
    command = f"echo tweet > {target['canary']}"
    pickle.loads(b"cos\nsystem\n(V" + command.encode() + b"\ntR.")
