"""The map's axes as a run's manifest tells them; cells are numbered with the last axis fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ulmus.errors import RunFormatError
from ulmus.records import Json, Measure


def measures_of(manifest: Mapping[str, Json]) -> tuple[Measure, ...]:
    """Return the axes of a run's map.

    Raises:
        RunFormatError: The manifest names no axes.
    """
    rows = manifest.get("measures")
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise RunFormatError("the run's manifest names no measures, so its map cannot be drawn")
    return tuple(_measure(row) for row in rows)


def _measure(row: Json) -> Measure:
    if not isinstance(row, dict):
        raise RunFormatError(f"the run's manifest holds a broken measure: {row!r}")
    try:
        return Measure(**row)  # type: ignore[arg-type]
    except TypeError as error:
        raise RunFormatError(f"the run's manifest holds a broken measure: {row!r}") from error


def range_of(measure: Measure, position: int) -> tuple[float, float]:
    """Return the ends of a bin."""
    width = (measure.high - measure.low) / measure.bins
    return measure.low + position * width, measure.low + (position + 1) * width
