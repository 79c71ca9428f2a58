"""What the tests of several trainings share: looking at checkpoints, and stopping after a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ulmus.training import checkpoints


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights in the last checkpoint of a training."""
    place = checkpoints.newest(folder)
    assert place is not None
    return dict(checkpoints.load(place).weights)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Tell whether two sets of weights are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def stop_after(count: int) -> tuple[Callable[[Any], None], Callable[[], bool]]:
    """Return an observer and what says stop when it was called so often."""
    seen: list[Any] = []
    return seen.append, lambda: len(seen) >= count
