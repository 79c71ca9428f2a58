"""Writes down where the objects of the snapshot are, so that the build can make them last.

Whoever looks at an object writes to it: its count of references goes up and down, and the page
that it lies on must be copied. CPython does not count for objects that are marked as immortal, as
`None` is. Python code cannot set that mark, but the build can (`ulmus.sandbox.joining.lasting`), if
it knows the places.
"""

from __future__ import annotations

import gc
from array import array
from types import CodeType

HEAD = (0x756D6C75, 0x616C3A73, 0x3A737473)
"""What the list begins with: letters, as numbers so that they stand in memory once.

Nowhere in the guest may they be spelled out: the text of a module can stay in memory after it was
compiled, and one build in about twenty found them there as well and failed.
"""

_ROOM = 250_000  # addresses, 1 MB; about 160,000 are needed, and too many fail the build
_places = array("I", bytes(4 * _ROOM))


def write_down() -> None:
    """Fill the list with the places of all objects; runs once, at build time.

    An object may occur twice, and one that is gone before the snapshot does no harm: the build
    looks whether there is an object at a place.
    """
    _places[:3] = array("I", HEAD)
    count = 0
    for item in gc.get_objects():
        count = _write(item, count)
        for part in gc.get_referents(item):
            if not gc.is_tracked(part):
                count = _write(part, count)
    _places[3] = count


def _write(item: object, count: int) -> int:
    """Add the place of an object and of what the collector does not see through it."""
    _places[4 + count] = id(item)
    count += 1
    if type(item) is tuple and not gc.is_tracked(item):
        for part in item:
            count = _write(part, count)
    elif type(item) is CodeType:
        for part in (
            item.co_consts,
            item.co_names,
            item.co_varnames,
            item.co_freevars,
            item.co_cellvars,
            item.co_name,
            item.co_qualname,
            item.co_filename,
            item.co_linetable,
            item.co_exceptiontable,
        ):
            count = _write(part, count)
    return count
