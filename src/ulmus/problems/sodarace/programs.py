"""The programs of Sodarace: where seeds are read from, and what a program finds when it runs."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ulmus.errors import ProgramFileError, unknown_name
from ulmus.records import GuestModule, Limits

ENTRY = "make_walker"

SCOPE = (
    ("math", "math"),
    ("np", "numpy"),
    ("walker_creator", "walk_creator:walker_creator"),
    ("walk_creator", "walk_creator"),
    ("query_cppn", "query_cppn:query_cppn"),
)
"""Names that a program may use without importing them: evolved programs lose their imports
(ELM paper, section 3 and its listings)."""

LIMITS = Limits(
    fuel=1_000_000_000,
    timeout_s=5.0,
    memory_bytes=128 * 1024 * 1024,
    output_bytes=512 * 1024,
    stdout_bytes=4 * 1024,
)
"""What one program may use; measured numbers are in docs/sodarace.md."""

MAX_SOURCE_BYTES = 256 * 1024

SEED_NAMES = ("square", "radial", "cppn-fixed", "cppn-mutable", "wheel", "galloper", "runner")
"""The four seeds of the paper, then its three completion-test programs."""

_HERE = Path(__file__).parent
_GUEST_FILES = {
    "walk_creator": "walk_creator.py",
    "query_cppn": "query_cppn.py",
    "numpy": "scalar_numpy.py",
}


@cache
def guest_modules() -> tuple[GuestModule, ...]:
    """Return the modules that come with every job."""
    return tuple(
        GuestModule(name, (_HERE / "guest" / file).read_text("utf-8"))
        for name, file in _GUEST_FILES.items()
    )


@cache
def guest_version() -> str:
    """Return 12 hex digits over all that a program finds when it runs."""
    seen = repr((guest_modules(), SCOPE, ENTRY, LIMITS))
    return hashlib.sha256(seen.encode()).hexdigest()[:12]


def read_seed(name: str) -> str:
    """Return the text of a seed program.

    Args:
        name: One of `SEED_NAMES`, or the path of a Python file; a file that exists wins.

    Raises:
        ConfigError: Neither a known name nor a path; the nearest name is given.
        ProgramFileError: The file is missing, unreadable, too large or not UTF-8.
    """
    path = Path(name)
    if not _exists(path) and name in SEED_NAMES:
        path = _HERE / "seeds" / f"{name.replace('-', '_')}.py"
    elif not _exists(path) and path.suffix != ".py" and path.name == name:
        raise unknown_name("seed program", name, SEED_NAMES)
    return _read(path)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long or with a null character
        return False


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SOURCE_BYTES + 1)
    except FileNotFoundError:
        known = ", ".join(SEED_NAMES)
        raise ProgramFileError(
            f"there is no seed program {path}; give the path of a Python file or one of {known}"
        ) from None
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ProgramFileError(
            f"cannot read the seed program {path}: {what}; give a Python file that you may read"
        ) from None
    if len(data) > MAX_SOURCE_BYTES:
        raise ProgramFileError(
            f"the seed program {path} is larger than {MAX_SOURCE_BYTES >> 10} KiB; "
            "give a shorter one"
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ProgramFileError(
            f"the seed program {path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
