"""The uniform grid of MAP-Elites: from measures to the number of a cell and back."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ulmus.records import Measure


def bin_of(measure: Measure, value: float) -> int:
    """Return the bin of a value in [0, bins); values beyond the ends go to the edge bins.

    The ELM paper gives no ranges, but every working program must have a cell.
    """
    share = (value - measure.low) / (measure.high - measure.low)
    # A share beyond the ends may be too large to be multiplied or made whole.
    return min(measure.bins - 1, math.floor(min(max(share, 0.0), 1.0) * measure.bins))


def cell_of(measures: Sequence[Measure], values: Sequence[float]) -> int:
    """Return the number of the cell that the values belong to; the last axis runs fastest.

    Args:
        measures: The axes.
        values: One finite number per axis.
    """
    cell = 0
    for measure, value in zip(measures, values, strict=True):
        cell = cell * measure.bins + bin_of(measure, value)
    return cell


def bins_of(measures: Sequence[Measure], cell: int) -> tuple[int, ...]:
    """Return the bin on each axis of a cell's number, the inverse of `cell_of`."""
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
