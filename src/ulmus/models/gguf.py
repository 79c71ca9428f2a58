"""Files in GGUF, the format of llama.cpp: the entries of the header and the tensors, as float32.

Layout (version 2 and 3, little-endian): magic, version, number of tensors and entries, the
entries, the table of tensors, padding, the data. Kinds of numbers: float32, float16, and blocks of
32 numbers in 4 or 8 bits (Q4_0, Q4_1, Q8_0).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 32  # numbers of one quantised block
_MOST_ITEMS = 10_000_000  # a longer list or text is damage
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_TEXT, _LIST = 8, 9


def _q4_0(raw: Array) -> Array:
    scales = raw[:, :2].copy().view("<f2").astype(np.float32)
    return (_nibbles(raw[:, 2:]) - 8) * scales


def _q4_1(raw: Array) -> Array:
    scales = raw[:, :4].copy().view("<f2").astype(np.float32)
    return _nibbles(raw[:, 4:]) * scales[:, :1] + scales[:, 1:]


def _q8_0(raw: Array) -> Array:
    scales = raw[:, :2].copy().view("<f2").astype(np.float32)
    return raw[:, 2:].view(np.int8).astype(np.float32) * scales


def _nibbles(raw: Array) -> Array:
    """Return (blocks, 32) numbers from 0 to 15: the low halves of the bytes, then the high ones."""
    return np.concatenate([raw & 15, raw >> 4], 1).astype(np.float32)


_PLAIN = {0: "<f4", 1: "<f2"}
_BLOCKS: dict[int, tuple[int, Callable[[Array], Array]]] = {
    2: (18, _q4_0),
    3: (20, _q4_1),
    8: (34, _q8_0),
}
"""Bytes of a block and what reads blocks: (n, bytes) uint8 to (n, 32) float32."""


@dataclass(frozen=True)
class _Entry:
    """Where a tensor lies: its shape as NumPy says it, its kind, its place in the data."""

    shape: tuple[int, ...]
    kind: int
    offset: int


class GgufFile:
    """The header of a file; tensors are read one by one.

    Attributes:
        entries: What the header says, by name.
    """

    def __init__(self, path: Path) -> None:
        """Read the header.

        Raises:
            ModelError: The file is missing, cut off or no GGUF file.
        """
        self.path = path
        try:
            self._data: Any = np.memmap(path, np.uint8, "r")
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot read {path}: {error}") from None
        self._at = 0
        try:
            self._read_header()
        except (struct.error, UnicodeDecodeError, KeyError) as error:
            raise ModelError(f"{path} is cut off or damaged: {error}") from None

    @property
    def names(self) -> set[str]:
        """Names of the tensors."""
        return set(self._tensors)

    def read(self, name: str) -> Array:
        """Return a tensor as float32.

        Raises:
            ModelError: It is missing, cut off, or of a kind that is not known.
        """
        if name not in self._tensors:
            raise ModelError(f"{self.path} has no tensor {name}; is this a Llama model?")
        entry = self._tensors[name]
        count = math.prod(entry.shape)
        if entry.kind in _PLAIN:
            dtype = np.dtype(_PLAIN[entry.kind])
            raw = self._bytes(name, entry.offset, count * dtype.itemsize)
            return raw.view(dtype).astype(np.float32).reshape(entry.shape)
        if entry.kind not in _BLOCKS or entry.shape[-1] % BLOCK:
            raise ModelError(
                f"{self.path}: {name} is of kind {entry.kind}; "
                "F32, F16, Q4_0, Q4_1 and Q8_0 can be converted"
            )
        size, decode = _BLOCKS[entry.kind]
        raw = self._bytes(name, entry.offset, count // BLOCK * size)
        return decode(raw.reshape(-1, size)).reshape(entry.shape)

    def _bytes(self, name: str, offset: int, count: int) -> Array:
        start = self._start + offset
        if start + count > len(self._data):
            raise ModelError(
                f"{self.path} is cut off: {name} ends at byte {start + count} of "
                f"{len(self._data)}; copy or download the file again"
            )
        return np.array(self._data[start : start + count])

    def _read_header(self) -> None:
        magic, version = bytes(self._data[:4]), self._skip_magic()
        if magic != b"GGUF" or version not in (2, 3):
            raise ModelError(f"{self.path} is no GGUF file of version 2 or 3")
        num_tensors, num_entries = self._scalar("<Q"), self._scalar("<Q")
        self._check_count(num_tensors + num_entries)
        self.entries: dict[str, Any] = {}
        for _ in range(num_entries):
            name = self._text()
            self.entries[name] = self._value(self._scalar("<I"))
        self._tensors: dict[str, _Entry] = {}
        for _ in range(num_tensors):
            name = self._text()
            shape = [self._scalar("<Q") for _ in range(self._dimensions())]
            kind, offset = self._scalar("<I"), self._scalar("<Q")
            self._tensors[name] = _Entry(tuple(reversed(shape)), kind, offset)
        alignment = self.entries.get("general.alignment", 32)
        self._start = -(-self._at // max(1, alignment)) * max(1, alignment)

    def _skip_magic(self) -> int:
        self._at = 4
        version: int = self._scalar("<I")
        return version

    def _dimensions(self) -> int:
        count: int = self._scalar("<I")
        if not 1 <= count <= 4:
            raise ModelError(f"{self.path} is damaged: a tensor of {count} dimensions")
        return count

    def _check_count(self, count: int) -> None:
        if count > min(_MOST_ITEMS, len(self._data)):
            raise ModelError(f"{self.path} is damaged: a list or text of {count} items")

    def _scalar(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return value

    def _text(self) -> str:
        length = self._scalar("<Q")
        self._check_count(length)
        raw = bytes(self._data[self._at : self._at + length])
        self._at += length
        return raw.decode("utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self._text()
        if kind == _LIST:
            inner, count = self._scalar("<I"), self._scalar("<Q")
            self._check_count(count)
            return [self._value(inner) for _ in range(count)]
        return self._scalar(_SCALARS[kind])
