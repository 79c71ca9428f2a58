"""Plant a symbolic and a hard link to a file out of reach, then read through them.

Evidence: secret
Sandbox: violation, ok
"""

import os


def attack(target):
    loot = []
    for number, plant in enumerate((os.symlink, os.link)):
        for folder in (target["scratch"], ".", "/tmp"):
            link = f"{folder}/link{number}"
            try:
                plant(target["secret_file"], link)
                loot.append(open(link).read())
            except OSError:
                continue
    return loot
