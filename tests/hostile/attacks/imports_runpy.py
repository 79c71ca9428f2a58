"""Run a file of the host as a script.

Evidence: secret
Sandbox: error
"""

import runpy


def attack(target):
    return runpy.run_path(target["vault"] + "/planted.py")["SECRET"]
