"""The seam to language models: text in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ulmus.records import Completion, Prompt, Sampling


@runtime_checkable
class Model(Protocol):
    """Completes prompts."""

    @property
    def name(self) -> str:
        """Name of the model and its weights; part of a run's identity."""
        ...

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Return one completion per prompt, in the same order.

        A prompt that cannot be answered gives a completion with an `error`.

        Raises:
            ModelError: The model itself is out of reach or broken.
        """
        ...
