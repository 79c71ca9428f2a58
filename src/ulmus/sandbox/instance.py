"""One instance of the guest: calls into it, and making it as new after a call.

A fresh instance costs about 1.2 ms of processor time, nearly all of it page faults: its memory of
16 MB is mapped anew, and each page that the guest reads or writes is fetched again. So where the
system can tell which pages were written (`ulmus.sandbox.pages`), an instance serves many calls,
and after each of them what differs from the snapshot is copied back.

Why nothing of a call stays behind: all that an instance of the guest can change is its memory and
its globals. The build refuses instructions that change a table or drop a part of the module, and
exports every global that is ever set (`ulmus.sandbox.joining`). An instance goes on only if the
call gave an answer, memory has not grown and few pages were written; it is closed after anything
else, each trap among them. Which pages were written is for the kernel to say; the guest has no
part in it.
"""

from __future__ import annotations

import ctypes
import struct
from types import SimpleNamespace
from typing import Any

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Limits
from ulmus.sandbox.joining import CHANGING
from ulmus.sandbox.pages import written
from ulmus.sandbox.shift import TICK_S

_MOST_BYTES = 2 * 1024 * 1024
"""An instance with more written pages is closed: they only become more, and copying this much
takes as long as a fresh instance. Walkers write 0.7 MB, and 1.0 MB after 200 different ones."""

_NO_TEXT = 1  # the place of an empty text; nobody looks there
_CHUNK = 1 << 20


class Instance:
    """A store with one instance of the guest in it.

    Raises:
        wasmtime.WasmtimeError: The limits do not allow for the guest.
        SandboxUnavailableError: It is not a guest of ours.
    """

    def __init__(self, engine: Any, module: Any, limits: Limits) -> None:
        from wasmtime import Instance as Made
        from wasmtime import Store

        self._store = Store(engine)
        try:
            self._allow(limits)
            exports = Made(self._store, module, []).exports(self._store)
            self._exports = {name: _quick(self._store, item) for name, item in exports.items()}
            self._memory = self._export("memory")
            self._size = self.size()
            self._first = [
                (item, item.value(self._store))
                for name, item in self._exports.items()
                if name.startswith(CHANGING)
            ]
        except BaseException:
            self._store.close()
            raise

    def close(self) -> None:
        """Free everything."""
        self._store.close()

    def size(self) -> int:
        """Return the bytes of memory."""
        return int(self._memory.data_len(self._store))

    def fuel(self) -> int:
        """Return the fuel that is left."""
        return int(self._store.get_fuel())

    def call(self, limits: Limits, export: str, texts: tuple[str, ...]) -> str:
        """Call an export with texts and return the text that it gives.

        Raises:
            wasmtime.WasmtimeError: The guest ended with a trap, or what it gave is no text.
            wasmtime.Trap: The same.
            SandboxUnavailableError: There is no such export.
        """
        self._allow(limits)
        function = self._export(export)
        places = [part for text in texts for part in self._put(text.encode())]
        return self._get(function(self._store, *places))

    def renew(self, pristine: Instance) -> bool:
        """Make everything as in an instance that was never called.

        Returns:
            Whether it could be done; if not, this instance must not be called again.
        """
        if self.size() != self._size or not self._first:
            return False
        start, offset = self._start(), pristine._start() - self._start()
        pieces = written(start, self._size)
        if pieces is None or sum(end - begin for begin, end in pieces) > _MOST_BYTES:
            return False
        for begin, end in pieces:
            ctypes.memmove(begin, begin + offset, end - begin)
        for item, value in self._first:
            item.set_value(self._store, value)
        return True

    def equals(self, other: Instance) -> bool:
        """Tell whether memory and globals are the same, byte by byte; takes about 10 ms."""
        if self.size() != other.size() or self._globals() != other._globals():
            return False
        return all(
            ctypes.string_at(self._start() + at, min(_CHUNK, self.size() - at))
            == ctypes.string_at(other._start() + at, min(_CHUNK, self.size() - at))
            for at in range(0, self.size(), _CHUNK)
        )

    def _allow(self, limits: Limits) -> None:
        self._store.set_limits(memory_size=limits.memory_bytes)
        self._store.set_fuel(limits.fuel)
        self._store.set_epoch_deadline(max(2, round(limits.timeout_s / TICK_S)))

    def _export(self, name: str) -> Any:
        if name not in self._exports:
            raise SandboxUnavailableError(f"the guest has no export {name!r}: not ours")
        return self._exports[name]

    def _globals(self) -> list[Any]:
        return [item.value(self._store) for item, _ in self._first]

    def _start(self) -> int:
        """Return the place of memory in this process."""
        return ctypes.cast(self._memory.data_ptr(self._store), ctypes.c_void_p).value or 0

    def _put(self, content: bytes) -> tuple[int, int]:
        """Write a text into room that the guest gives, and return place and length."""
        if not content:
            return _NO_TEXT, 0
        place = self._export("cabi_realloc")(self._store, 0, 0, 1, len(content)) % (1 << 32)
        self._require(place, len(content))
        ctypes.memmove(self._start() + place, content, len(content))
        return place, len(content)

    def _get(self, at: int) -> str:
        """Return the text whose place and length stand at a place."""
        from wasmtime import WasmtimeError

        place, length = struct.unpack("<2I", self._read(at % (1 << 32), 8))
        try:
            return self._read(place, length).decode()
        except UnicodeDecodeError as error:
            raise WasmtimeError(f"the answer is no text: {error.reason}") from error

    def _read(self, place: int, length: int) -> bytes:
        self._require(place, length)
        return ctypes.string_at(self._start() + place, length)

    def _require(self, place: int, length: int) -> None:
        """Believe no place and no length that the guest says."""
        from wasmtime import WasmtimeError

        if place + length > self.size():
            raise WasmtimeError("the guest named a place outside its memory")


def _quick(store: Any, item: Any) -> Any:
    """Keep the type of a function, which wasmtime asks for at each call: 50 µs."""
    from wasmtime import Func

    if isinstance(item, Func):
        kind = item.type(store)
        known: Any = SimpleNamespace(params=kind.params, results=kind.results)
        quick: Any = item
        quick.type = lambda store: known
    return item
