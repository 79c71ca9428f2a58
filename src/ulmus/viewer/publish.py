"""Writing a picture or a page so that it appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from ulmus.errors import RunWriteError


def publish(content: bytes, file: Path, what: str) -> Path:
    """Write a file, with its folder if need be; on failure an older file stays as it was.

    Args:
        content: What to write.
        file: Where; a device or a pipe is written to as it is.
        what: What it is, for the message.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():
            file.write_bytes(content)
        else:
            _replace(content, Path(os.path.realpath(file)))
    except OSError as error:
        raise RunWriteError(
            f"cannot write the {what} {file}: {error.strerror}; give another place for it"
        ) from error
    return file


def _replace(content: bytes, file: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name[:40]}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, _mode_of(file))
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode_of(file: Path) -> int:
    """Return the mode of an older file, or the one that a new file gets."""
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
