"""The map's axes as a run's manifest tells them; cells are numbered with the last axis fastest."""

from __future__ import annotations

import math
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
    try:
        assert isinstance(row, dict)
        return Measure(**row)  # type: ignore[arg-type]
    except (AssertionError, TypeError) as error:
        raise RunFormatError(f"the run's manifest holds a broken measure: {row!r}") from error


def bins_of(measures: Sequence[Measure], cell: int) -> tuple[int, ...]:
    """Return the bin on each axis of a cell's number."""
    bins = []
    for measure in reversed(measures):
        cell, position = divmod(cell, measure.bins)
        bins.append(position)
    return tuple(reversed(bins))


def num_cells(measures: Sequence[Measure]) -> int:
    """Return the number of cells of the whole map."""
    return math.prod(measure.bins for measure in measures)


def range_of(measure: Measure, position: int) -> tuple[float, float]:
    """Return the ends of a bin."""
    width = (measure.high - measure.low) / measure.bins
    return measure.low + position * width, measure.low + (position + 1) * width
