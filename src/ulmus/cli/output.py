"""How commands print: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping

from ulmus.records import Json


def say(text: str) -> None:
    """Print a line for people to standard error."""
    print(text, file=sys.stderr, flush=True)


def emit(value: Mapping[str, Json]) -> None:
    """Print one JSON object on one line to standard output.

    Text that is not valid Unicode is escaped, so the line is always printable.
    """
    print(json.dumps(dict(value), allow_nan=False, ensure_ascii=True), flush=True)


def number(value: float | None) -> Json:
    """Return a number as JSON can say it: whole as it is, None for what is not finite."""
    return value if value is not None and math.isfinite(value) else None
