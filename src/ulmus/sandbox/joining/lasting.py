"""Marks the objects of the snapshot as immortal, see `ulmus.sandbox.guest.lasting`.

Source of the numbers: Include/refcount.h of CPython 3.14, for pointers of 32 bits.
"""

from __future__ import annotations

import struct

from ulmus.sandbox.guest.lasting import HEAD
from ulmus.sandbox.joining.binary import require

_IMMORTAL = 5 << 28
"""The count of references of an object that never goes."""

_LARGEST = 100_000
"""Largest believable count of references, far below every address of an object."""


def make_last(image: bytearray) -> bytearray:
    """Mark every listed object, wipe the list, and return the same memory.

    Where an object was freed there is no count but a link, and nothing is done.
    """
    head = struct.pack("<3I", *HEAD)
    start = image.find(head)
    require(start >= 0, "no list of its objects")
    require(image.find(head, start + 1) < 0, "two lists of its objects, or their head elsewhere")
    (count,) = struct.unpack_from("<I", image, start + 12)
    places = set(struct.unpack_from(f"<{count}I", image, start + 16))
    require(
        min(places, default=_LARGEST + 1) > _LARGEST, "an object at a place that could be a count"
    )
    image[start : start + 16 + 4 * count] = bytes(16 + 4 * count)
    for place in places:
        references, kind = struct.unpack_from("<2I", image, place)
        if 0 < references <= _LARGEST and kind in places:
            struct.pack_into("<I", image, place, _IMMORTAL)
    return image
