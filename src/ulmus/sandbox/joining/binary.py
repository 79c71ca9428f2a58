"""Reading and writing the pieces that WebAssembly's binary formats are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

CORE_HEAD = b"\0asm\x01\0\0\0"
COMPONENT_HEAD = b"\0asm\x0d\0\x01\0"


class FormatError(ValueError):
    """The guest contains something that this build step does not know."""


def require(condition: bool, what: str) -> None:
    """Raise FormatError unless a condition holds.

    Args:
        condition: What must be true.
        what: What was met otherwise.
    """
    if not condition:
        raise FormatError(f"the guest cannot be joined: {what}")


class Reader:
    """Walks through bytes.

    Attributes:
        data: All of them.
        at: Place of the next one.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        """Read one byte."""
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size: int) -> bytes:
        """Read some bytes."""
        self.at += size
        return self.data[self.at - size : self.at]

    def unsigned(self) -> int:
        """Read a number in LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        """Read a number in signed LEB128."""
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def text(self) -> str:
        """Read a length and a text."""
        return self.take(self.unsigned()).decode("utf-8")

    def times(self) -> range:
        """Read a count and return a range of that length."""
        return range(self.unsigned())

    def sections(self) -> Iterator[tuple[int, Reader]]:
        """Read sections to the end; gives number and content of each."""
        while self.at < len(self.data):
            kind = self.byte()
            yield kind, Reader(self.take(self.unsigned()))


def unsigned(number: int) -> bytes:
    """Return a number in LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed(number: int) -> bytes:
    """Return a number in signed LEB128."""
    out = bytearray()
    while not -64 <= number < 64:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number & 0x7F)
    return bytes(out)


def text(words: str) -> bytes:
    """Return a length and a text."""
    encoded = words.encode("utf-8")
    return unsigned(len(encoded)) + encoded


def vector(items: Iterable[bytes]) -> bytes:
    """Return a count and the items."""
    listed = list(items)
    return unsigned(len(listed)) + b"".join(listed)


def section(kind: int, content: bytes) -> bytes:
    """Return a section."""
    return bytes([kind]) + unsigned(len(content)) + content
