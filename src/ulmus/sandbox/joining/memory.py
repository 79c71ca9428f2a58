"""The first content of memory, as one piece and as the parts that are not zero."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ulmus.sandbox.joining.binary import Reader, signed, unsigned

_PART = re.compile(rb"[^\0](?:[^\0]|\0{1,255}(?=[^\0]))*+", re.DOTALL)
"""A part ends where at least 256 bytes are zero."""


def read(parts: Sequence[bytes]) -> bytearray:
    """Return memory up to its last byte that is not zero."""
    image = bytearray()
    for part in parts:
        reader = Reader(part, 2)
        start = reader.signed()
        content = part[reader.at + 1 :]
        content = (inner := Reader(content)).take(inner.unsigned())
        image.extend(bytes(max(0, start + len(content) - len(image))))
        image[start : start + len(content)] = content
    return image


def encode(image: bytes | bytearray) -> list[bytes]:
    """Return the encoded parts of memory."""
    return [
        b"\0\x41" + signed(found.start()) + b"\x0b" + unsigned(len(found[0])) + found[0]
        for found in _PART.finditer(bytes(image))
    ]
