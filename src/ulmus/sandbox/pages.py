"""Which pages of a mapping a process has written to, as Linux 6.7 and later tell it."""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_SCAN = 0xC0606610  # `_IOWR('f', 16, struct pm_scan_arg)`, as the rest from linux/fs.h
_IS_FILE, _IS_PRESENT, _IS_SWAPPED = 1 << 2, 1 << 3, 1 << 4
_REGIONS = 512
_ARGUMENT = struct.Struct("<12Q")
_pagemaps: dict[int, int] = {}

Piece = tuple[int, int]
"""Addresses of the begin and the end, at the borders of pages."""


def written(start: int, size: int) -> list[Piece] | None:
    """Return the pieces of a private mapping of a file that this process has written to.

    A page counts if it is no longer one of the file: the kernel gives a process a copy of its own
    at the first write.

    Args:
        start: Address of the first byte, at the begin of a page.
        size: Bytes, whole pages.

    Returns:
        The pieces in rising order; None if the system cannot tell or if there are too many.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    regions = (ctypes.c_uint64 * (3 * _REGIONS))()
    room = (ctypes.addressof(regions), _REGIONS, 0)
    wanted = (_IS_FILE, _IS_FILE, _IS_PRESENT | _IS_SWAPPED, _IS_PRESENT)  # not a file's, but there
    argument = bytearray(_ARGUMENT.pack(_ARGUMENT.size, 0, start, start + size, 0, *room, *wanted))
    try:
        found = fcntl.ioctl(_pagemap(), _SCAN, argument)
    except OSError:
        return None
    if _ARGUMENT.unpack(argument)[4] != start + size:  # where the walk ended
        return None
    flat = regions[: 3 * found]
    return list(zip(flat[::3], flat[1::3], strict=True))


def _pagemap() -> int:
    """Return the open list of this process's pages; a forked child opens its own."""
    pid = os.getpid()
    if pid not in _pagemaps:
        _pagemaps[pid] = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    return _pagemaps[pid]
