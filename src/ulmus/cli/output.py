"""How commands print: results to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper

from ulmus.records import Json


def say(text: str) -> None:
    """Print a line for people to standard error; a run does not end because nobody can read it.

    Raises:
        BrokenPipeError: The reader went away, which ends a command as it does elsewhere.
    """
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        pass


def open_streams() -> None:
    """Make sure that there are standard streams and that any text can be printed to them.

    What an encoding cannot say, such as "ü" in ASCII or a file name of odd bytes, is escaped.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 (as long as we)
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def drop_streams() -> None:
    """Let what is left in the buffers go nowhere, after a stream has failed."""
    with open(os.devnull, "w") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere.fileno(), stream.fileno())


def emit(value: Mapping[str, Json]) -> None:
    """Print one JSON object on one line to standard output.

    Text that is not valid Unicode is escaped, so the line is always printable.
    """
    print(json.dumps(dict(value), allow_nan=False, ensure_ascii=True), flush=True)


def number(value: float | None) -> Json:
    """Return a number as JSON can say it: whole as it is, None for what is not finite."""
    return value if value is not None and math.isfinite(value) else None
