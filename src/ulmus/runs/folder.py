"""Where a run goes if nobody says: a new folder that no other process can have taken."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ulmus.errors import RunWriteError


def new_folder(parent: Path, name: str) -> Path:
    """Make a folder named after what it is for and the time; two in one second get numbers.

    Raises:
        RunWriteError: It cannot be made.
    """
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    serial = 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent / (stem if serial == 1 else f"{stem}-{serial}")
            try:
                folder.mkdir()
            except FileExistsError:
                serial += 1
            else:
                return folder
    except OSError as error:
        raise RunWriteError(
            f"cannot make a folder for the run in {parent}: {error.strerror}; choose another one "
            "with --out"
        ) from error
