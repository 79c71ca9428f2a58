"""List folders of the host by every door that lists one.

Evidence: secret
Sandbox: violation, ok
"""

import glob
import os
import pathlib


def attack(target):
    vault = target["vault"]
    doors = [
        lambda: os.listdir(vault),
        lambda: [entry.name for entry in os.scandir(vault)],
        lambda: glob.glob(vault + "/*"),
        lambda: [path.name for path in pathlib.Path(vault).iterdir()],
        lambda: [name for step in os.walk(vault) for name in step[2]],
    ]
    names = []
    for door in doors:
        try:
            names += door()
        except OSError:
            continue
    return names
