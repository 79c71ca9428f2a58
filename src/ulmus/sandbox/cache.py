"""The private folder for compiled guests.

A compiled guest is native code that is mapped and run as it is, so whoever can write the file can
run code as the user. The folder therefore belongs to the user and is closed to everybody else, or
it is not used.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ulmus.errors import SandboxUnavailableError

ENVIRONMENT = "ULMUS_CACHE_DIR"
"""Names another place for the cache, such as a fast disk or a place that CI keeps."""


def default_folder() -> Path:
    """Return where compiled guests are kept if nobody says otherwise.

    Raises:
        SandboxUnavailableError: What the environment names is a file.
    """
    told = os.environ.get(ENVIRONMENT)
    if told and Path(told).is_file():
        raise SandboxUnavailableError(f"{ENVIRONMENT} names a folder, and {told} is a file")
    if told:
        return Path(told)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("ulmus", appauthor=False)) / "sandbox"


def open_folder(folder: Path) -> Path | None:
    """Make the folder if need be and make sure that it is private.

    Returns:
        The folder, or None if the machine gives no place to write; then there is no cache.

    Raises:
        SandboxUnavailableError: The folder belongs to somebody else or others can write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except OSError:
        return None
    if os.name == "posix":
        _check_private(folder, state)
    return folder if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else None


def _check_private(folder: Path, state: os.stat_result) -> None:
    if state.st_uid != os.getuid():
        raise SandboxUnavailableError(
            f"the cache {folder} belongs to user {state.st_uid}, not to you; compiled code from it "
            f"would run as you. Remove it or set {ENVIRONMENT} to a folder of your own."
        )
    if stat.S_IMODE(state.st_mode) & 0o022:
        raise SandboxUnavailableError(
            f"others can write to the cache {folder} (mode {stat.S_IMODE(state.st_mode):o}); "
            f"compiled code from it would run as you. Run: chmod 700 {folder}"
        )


def publish(content: bytes | bytearray, target: Path) -> bool:
    """Write a file so that it appears whole or not at all.

    Returns:
        Whether it was written; a full or unwritable disk only costs the cache.
    """
    with _scratch(target.parent) as (handle, name):
        if name is None:
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, target)
        except OSError:
            return False
    return True


def prune(folder: Path, pattern: str, keep: int) -> None:
    """Delete all but the newest files of a pattern; whoever has one open keeps what it has."""
    with contextlib.suppress(OSError):
        files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-keep]:
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[tuple[int, str | None]]:
    """Give a private file beside the target and leave nothing behind."""
    try:
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=folder)
    except OSError:
        yield -1, None
        return
    try:
        yield handle, name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
