"""Read a file by every door of the standard library that opens one.

Evidence: secret
Sandbox: violation, ok
"""

import codecs
import io
import os
import pathlib
import tokenize


def attack(target):
    path = target["secret_file"]
    doors = [
        lambda: open(path).read(),
        lambda: io.FileIO(path).readall().decode(),
        lambda: io.open_code(path).read().decode(),
        lambda: os.read(os.open(path, os.O_RDONLY), 4096).decode(),
        lambda: pathlib.Path(path).read_text(),
        lambda: codecs.open(path).read(),
        lambda: tokenize.open(path).read(),
    ]
    loot = []
    for door in doors:
        try:
            loot.append(door())
        except OSError:
            continue
    return loot
