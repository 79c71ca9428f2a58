"""One writer per run: a lock that the system drops when its holder dies."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from ulmus.errors import RunLockedError, RunWriteError


class FolderLock:
    """An exclusive lock on the file `lock` of a folder."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Take the lock without waiting.

        Raises:
            RunLockedError: Another process holds it.
            RunWriteError: The lock file cannot be written.
        """
        file = folder / "lock"
        try:
            stream = file.open("a+")
        except OSError as error:
            raise RunWriteError(f"cannot write {file}: {error.strerror}") from error
        try:
            _lock(stream)
        except OSError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            stream.close()
            raise RunLockedError(
                f"the run {folder} is being written by process {holder}; wait for it to end, "
                "or stop it with Ctrl-C"
            ) from None
        try:
            stream.seek(0)
            stream.truncate()
            stream.write(f"{os.getpid()}\n")
            stream.flush()
        except OSError as error:
            with suppress(OSError):
                stream.close()  # would try to write again what the disk has just refused
            raise RunWriteError(f"cannot write {file}: {error.strerror}; make room") from error
        return cls(stream)

    def release(self) -> None:
        """Give the lock back; the file stays."""
        self._stream.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[str]) -> None:
        stream.seek(1 << 20)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(stream: IO[str]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
