"""File contents through one `git cat-file --batch`, in bounded memory."""

from __future__ import annotations

import contextlib
import subprocess
from collections import OrderedDict
from collections.abc import Sequence
from typing import IO

from ulmus.errors import RepositoryError
from ulmus.mining.borrowed import command

MAX_BLOB_BYTES = 400_000
"""Larger files are skipped while they stream by (docs/mining.md)."""

NUM_CACHED_BLOBS = 600
_CHUNK = 1 << 18


class Blobs:
    """Reads file contents through one `git cat-file --batch`, newest 600 kept."""

    def __init__(self, environment: dict[str, str], folder: str) -> None:
        self._environment = environment
        self._folder = folder
        self._cache: OrderedDict[str, bytes | None] = OrderedDict()

    def __enter__(self) -> Blobs:
        self._process = subprocess.Popen(
            command("cat-file", "--batch"), env=self._environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self._folder, bufsize=_CHUNK,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # what was still to be asked is of no interest
                stream.close()

    def read(self, ids: Sequence[str]) -> dict[str, bytes | None]:
        """Return contents by object id; None for what is missing, no file, or over 400 kB.

        Raises:
            RepositoryError: git died.
        """
        cache = self._cache
        wanted = list(dict.fromkeys(id for id in ids if id not in cache))
        fresh: dict[str, bytes | None] = {}
        for start in range(0, len(wanted), 256):  # 256 questions fit into any pipe
            some = wanted[start : start + 256]
            self._ask(some)
            for id in some:
                fresh[id] = self._answer()
        found = {id: fresh[id] if id in fresh else cache[id] for id in ids}
        for id in ids:
            cache[id] = found[id]
            cache.move_to_end(id)
        while len(cache) > NUM_CACHED_BLOBS:
            cache.popitem(last=False)
        return found

    def _ask(self, ids: Sequence[str]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("".join(f"{id}\n" for id in ids).encode())
            self._process.stdin.flush()
        except OSError as error:
            raise RepositoryError(f"git cat-file died: {error}") from error

    def _answer(self) -> bytes | None:
        assert self._process.stdout is not None
        stream: IO[bytes] = self._process.stdout
        words = stream.readline(4096).split()
        if len(words) == 2:  # "ID missing"
            return None
        if len(words) != 3:
            raise RepositoryError("git cat-file died")
        size = int(words[2])
        if words[1] == b"blob" and size <= MAX_BLOB_BYTES:
            return stream.read(size + 1)[:-1]
        _skip(stream, size + 1)
        return None


def _skip(stream: IO[bytes], size: int) -> None:
    """Read over content without keeping it."""
    while size > 0:
        read = len(stream.read(min(size, _CHUNK)))
        if not read:
            raise RepositoryError("git cat-file died")
        size -= read
