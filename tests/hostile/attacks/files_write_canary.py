"""Leave a file on the host by every door that writes one.

Evidence: file
Sandbox: violation, ok
"""

import os
import pathlib


def attack(target):
    path = target["canary"]
    doors = [
        lambda: open(path + "1", "w").write("tweet"),
        lambda: os.write(os.open(path + "2", os.O_CREAT | os.O_WRONLY), b"tweet"),
        lambda: pathlib.Path(path + "3").write_text("tweet"),
        lambda: os.mkdir(path + "4"),
        lambda: os.mkfifo(path + "5"),
    ]
    for door in doors:
        try:
            door()
        except (OSError, AttributeError):
            continue
