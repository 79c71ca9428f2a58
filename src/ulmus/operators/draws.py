"""Random draws that use nothing but `random()` of a generator, so that every Python version and
every machine draws the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def pick(rng: random.Random, items: Sequence[Item]) -> Item:
    """Return one of the items, all equally likely; at least one is needed."""
    return items[int(rng.random() * len(items))]


def weighted(rng: random.Random, cumulative: Sequence[float]) -> int:
    """Return a position by weight; `cumulative` holds the running sums of the weights."""
    mark = rng.random() * cumulative[-1]
    return next((i for i, total in enumerate(cumulative) if mark < total), len(cumulative) - 1)


def bell(rng: random.Random) -> float:
    """Return a number with mean 0 and standard deviation 1, close to normal, within -3 to 3.

    The sum of n uniform numbers in [0, 1) has mean n/2 and variance n/12; here n is 3.
    """
    return 2.0 * (rng.random() + rng.random() + rng.random() - 1.5)
