"""Inflate a few hundred kilobytes to 640 MB.

Evidence: memory
Sandbox: memory, error, timeout
"""

import zlib


def attack(target):
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return len(zlib.decompress(block * 640 + packer.flush(), wbits=-15, bufsize=640 << 20))
