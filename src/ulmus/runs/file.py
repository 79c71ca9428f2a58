"""The file of a run: opened with care, checked before SQLite may touch it, errors in our words."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from ulmus.errors import RunFormatError, RunNotFoundError, RunWriteError
from ulmus.records import Json
from ulmus.runs.schema import APPLICATION_ID, MIGRATIONS

FILE_NAME = "run.sqlite"
NEW_NAME = "run.sqlite.new"
"""The file while it is being made; one that is left over belongs to nobody."""

_CANNOT_OPEN = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what SQLite says about a full or unwritable disk into our own error."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RunWriteError(
            f"cannot write to {folder / FILE_NAME}: {error}. Everything before this "
            "batch is kept; make room and go on with --resume"
        ) from error
    except sqlite3.DatabaseError as error:
        raise broken(folder, str(error)) from error


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn what a damaged row makes of its readers into our own error."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise broken(folder, str(error)) from error
    except (zlib.error, struct.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise broken(folder, f"a row makes no sense ({error})") from error


def broken(folder: Path, why: str) -> RunFormatError:
    """Return the error for a file that is not, or no longer, a run."""
    return RunFormatError(
        f"{folder / FILE_NAME} is not a readable run: {why}. It was left untouched; "
        "restore it from a copy, or start a new run"
    )


def create(folder: Path, manifest: Mapping[str, Json]) -> None:
    """Make the file of a run; it appears whole or not at all.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    new = folder / NEW_NAME
    try:
        remove_new(folder)
        with closing(_connect(new, "rwc")) as connection:
            # Now, under the other name: a kill in the middle of the switch would leave a journal
            # that nobody who only reads may play back.
            connection.execute("PRAGMA journal_mode = WAL")
            initialise(connection, manifest)
        new.replace(folder / FILE_NAME)
    except (OSError, sqlite3.OperationalError) as error:
        with suppress(OSError):
            remove_new(folder)
        why = getattr(error, "strerror", None) or error
        raise RunWriteError(
            f"cannot start a run in {folder}: {why}; make room, or choose another folder with --out"
        ) from error


def remove_new(folder: Path) -> None:
    """Remove what is left of a file that never got its name, with all that SQLite put beside it.

    Raises:
        OSError: The folder refuses.
    """
    for left in folder.glob(f"{NEW_NAME}*"):
        left.unlink(missing_ok=True)


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Open and check a run without changing a byte of it; another process may be writing.

    Raises:
        RunNotFoundError, RunFormatError: There is none, or none that can be read.
    """
    file = folder / FILE_NAME
    check_head(folder)
    # SQLite wants to write beside a file that was in WAL mode, unless told that it never changes.
    still = not os.access(folder, os.W_OK) and not _log_size(folder)
    connection = None
    try:
        connection = _connect(file, "ro&immutable=1" if still else "ro")
        check_content(folder, connection)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CANNOT_OPEN:
            raise RunNotFoundError(
                f"cannot open {file}: {error}; it may be a run that was killed, in a folder that "
                "you may not write to: copy the folder to a place of your own"
            ) from error
        raise broken(folder, str(error)) from error
    except RunFormatError:
        assert connection is not None
        connection.close()
        raise
    return connection


def open_to_write(folder: Path) -> sqlite3.Connection:
    """Open a run that was checked, bring its schema up to date and let it be read meanwhile.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    with writing(folder):
        connection = _connect(folder / FILE_NAME, "rw")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(file.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)


def _log_size(folder: Path) -> int:
    """Return the size of the write-ahead log beside the file, 0 if there is none."""
    try:
        return (folder / f"{FILE_NAME}-wal").stat().st_size
    except OSError:
        return 0


def check_head(folder: Path) -> None:
    """Look at the head of the file with our own eyes, before SQLite may touch anything."""
    file = folder / FILE_NAME
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(100)
    except FileNotFoundError:
        raise RunNotFoundError(f"there is no run in {folder} (expected {file})") from None
    except NotADirectoryError:
        raise RunNotFoundError(f"{folder} is a file; give the folder of the run") from None
    except OSError as error:
        raise RunNotFoundError(f"cannot read {file}: {error.strerror}") from error
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise broken(folder, "it is not an SQLite file")
    page_size = int.from_bytes(head[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(head[28:32], "big")
    # A writer that was killed, or whose disk was full, may have moved only the first pages out of
    # the write-ahead log; the others are still in it, and SQLite finds them there.
    if size < pages * page_size and not _log_size(folder):
        raise broken(folder, f"it is cut off: {size} bytes of {pages * page_size}")


def check_content(folder: Path, connection: sqlite3.Connection) -> None:
    """Check that an open file is ours, of a schema that we know, and whole.

    Raises:
        RunFormatError: It is not.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise broken(folder, "it belongs to another program")
    if version > len(MIGRATIONS):
        raise broken(
            folder,
            f"it has schema {version}, and this ulmus knows schemas up to {len(MIGRATIONS)}; "
            "a newer ulmus wrote it, so update ulmus",
        )
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except UnicodeDecodeError:  # SQLite repeats the damaged bytes in its message
        verdict = "damaged names of tables"
    if verdict != "ok":
        raise broken(folder, f"SQLite says: {verdict}")


def initialise(connection: sqlite3.Connection, manifest: Mapping[str, Json]) -> None:
    """Make the tables of a new file and write what the run is."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO manifest VALUES (?, ?)", manifest_rows(manifest))
    connection.execute("COMMIT")


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that a file has not seen yet, each in a transaction of its own."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
        )


def manifest_rows(manifest: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return the manifest as rows; the order of keys is kept, it means something for operators."""
    return [(key, json.dumps(value)) for key, value in manifest.items()]
