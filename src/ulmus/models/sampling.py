"""Drawing a token from logits: temperature, nucleus, and a number that belongs to the place.

The number comes from the seed of the prompt and the position in the answer, so that an answer
does not depend on what else is drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ulmus.errors import ConfigError
from ulmus.models.kernels import pick
from ulmus.records import Sampling
from ulmus.seeding import derive

Array = np.ndarray[Any, np.dtype[Any]]

_PURPOSE = "token"
_COLDEST = 1e-6  # a lower temperature is as good as greedy and would overflow


def check_sampling(sampling: Sampling) -> None:
    """Check that the settings make sense.

    Raises:
        ConfigError: They do not.
    """
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        raise ConfigError(f"temperature must be 0 or more, got {sampling.temperature}")
    if not 0 < sampling.top_p <= 1:
        raise ConfigError(f"top_p must be above 0 and at most 1, got {sampling.top_p}")
    if sampling.max_tokens < 1:
        raise ConfigError(f"max_tokens must be at least 1, got {sampling.max_tokens}")
    if "" in sampling.stop:
        raise ConfigError("an empty stop text would end every answer at once")


class Sampler:
    """Draws tokens with one setting; not for two threads at a time."""

    def __init__(self, sampling: Sampling) -> None:
        """Set up.

        Args:
            sampling: Temperature (0 is greedy) and nucleus: the smallest set of most likely
                tokens that together reach `top_p` (Holtzman et al. 2020, section 3.1).

        Raises:
            ConfigError: The settings make no sense.
        """
        check_sampling(sampling)
        self._greedy = sampling.temperature == 0
        self._inverse = 1 / max(sampling.temperature, _COLDEST)
        self._top_p = sampling.top_p
        self._weights = np.empty(0, np.float32)
        self._chosen = np.empty(0, np.int32)

    def draw(self, logits: Array, seed: int, position: int, again: int = 0) -> int | None:
        """Return a token.

        Args:
            logits: (vocabulary,) float32.
            seed: Seed of the prompt.
            position: Place in the answer, from 0.
            again: How often the answer has gone back.

        Returns:
            The token, or None if the logits hold NaN or infinity.
        """
        best = int(logits.argmax())  # NaN wins
        if not math.isfinite(logits[best]):
            return None
        if self._greedy:
            return best
        if len(self._weights) != len(logits):
            self._weights = np.empty(len(logits), np.float32)
            self._chosen = np.empty(len(logits), np.int32)
        share = derive(seed, _PURPOSE, again, position) / 2**64
        token: int = pick(logits, self._inverse, self._top_p, share, self._weights, self._chosen)
        return token
