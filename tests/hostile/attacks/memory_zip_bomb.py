"""Inflate a few kilobytes to 800 MB.

Evidence: memory
Sandbox: memory, error, timeout
"""

import zlib


def attack(target):
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(800)) + packer.flush()
    return len(zlib.decompress(packed))
