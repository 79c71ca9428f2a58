"""The file of a run: opened with care, checked before SQLite may touch it, errors in our words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ulmus.errors import RunFormatError, RunNotFoundError, RunWriteError
from ulmus.records import Json
from ulmus.runs.schema import APPLICATION_ID, MIGRATIONS

FILE_NAME = "run.sqlite"


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


def broken(folder: Path, why: str) -> RunFormatError:
    return RunFormatError(
        f"{folder / FILE_NAME} is not a readable run: {why}. It was left untouched; "
        "restore it from a copy, or start a new run"
    )


def connect(file: Path, mode: str) -> sqlite3.Connection:
    from urllib.parse import quote

    uri = f"file:{quote(str(file.absolute()))}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)
        if mode != "ro":
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.OperationalError as error:
        raise RunWriteError(f"cannot open {file}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise broken(file.parent, str(error)) from error
    return connection


def check_file(folder: Path) -> None:
    """Look at the head of the file with our own eyes, before SQLite may touch anything."""
    file = folder / FILE_NAME
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(100)
    except FileNotFoundError:
        raise RunNotFoundError(f"there is no run in {folder} (expected {file})") from None
    except OSError as error:
        raise RunNotFoundError(f"cannot read {file}: {error.strerror}") from error
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise broken(folder, "it is not an SQLite file")
    page_size = int.from_bytes(head[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(head[28:32], "big")
    if size < pages * page_size:
        raise broken(folder, f"it is cut off: {size} bytes of {pages * page_size}")


def check_content(folder: Path, connection: sqlite3.Connection) -> None:
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise broken(folder, str(error)) from error
    problem = None
    if application != APPLICATION_ID:
        problem = "it belongs to another program"
    elif version > len(MIGRATIONS):
        problem = (
            f"it has schema {version}, and this ulmus knows schemas up to {len(MIGRATIONS)}; "
            "a newer ulmus wrote it, so update ulmus"
        )
    elif verdict != "ok":
        problem = f"SQLite says: {verdict}"
    if problem:
        connection.close()
        raise broken(folder, problem)


def initialise(connection: sqlite3.Connection, manifest: Mapping[str, Json]) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO manifest VALUES (?, ?)", manifest_rows(manifest))
    connection.execute("COMMIT")


def migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
        )


def manifest_rows(manifest: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return the manifest as rows; the order of keys is kept, it means something for operators."""
    return [(key, json.dumps(value)) for key, value in manifest.items()]
