"""The programs of Sodarace: where seeds are read from, and what a program finds when it runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ulmus.errors import ProgramFileError, unknown_name
from ulmus.records import GuestModule, Limits

ENTRY = "make_walker"

_ALWAYS = (
    ("math", "math"),
    ("walker_creator", "walk_creator:walker_creator"),
    ("walk_creator", "walk_creator"),
)
"""Names that a program may use without importing them: evolved programs lose their imports
(listings of the ELM paper)."""

_IF_NAMED = {"numpy": ("np", "numpy"), "query_cppn": ("query_cppn", "query_cppn:query_cppn")}
"""More such names by module; the module travels only with a program whose text has the name."""

LIMITS = Limits(
    fuel=400_000_000,  # seeds need 5 to 43 million, the largest walker 111 million
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


@dataclass(frozen=True)
class Surroundings:
    """What a program finds when it runs.

    Attributes:
        modules: Modules that come with the job.
        scope: Names that exist before the program's first line.
    """

    modules: tuple[GuestModule, ...]
    scope: tuple[tuple[str, str], ...]


def surroundings(source: str) -> Surroundings:
    """Return what a program finds; stand-ins that its text never names stay at home.

    Handing over both stand-ins costs a program 0.4 million instructions, nearly as much as the
    rest of starting it (0.5 million).
    """
    return _surroundings(
        tuple(
            module for module, (name, _) in _IF_NAMED.items() if module in source or name in source
        )
    )


@cache
def _surroundings(named: tuple[str, ...]) -> Surroundings:
    return Surroundings(
        modules=tuple(_module(name) for name in ("walk_creator", *named)),
        scope=_ALWAYS + tuple(_IF_NAMED[name] for name in named),
    )


def _module(name: str) -> GuestModule:
    return GuestModule(name, (_HERE / "guest" / _GUEST_FILES[name]).read_text("utf-8"))


@cache
def guest_version() -> str:
    """Return 12 hex digits over all that a program finds when it runs, and its limits."""
    seen = repr((_surroundings(tuple(_IF_NAMED)), ENTRY, LIMITS))
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
