"""What needs packages that the base installation does not bring."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ulmus.errors import ConfigError

TRAINING = ("torch", "transformers", "peft", "accelerate", "safetensors")
"""Packages of the extra `train`."""


@contextlib.contextmanager
def needs_extra() -> Iterator[None]:
    """Turn a missing package of the extra `train` into words.

    Raises:
        ConfigError: One of them is missing; the message says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TRAINING:
            raise
        raise ConfigError(
            f"training needs {error.name}, which is not installed: pip install 'ulmus[train]' "
            "(for a CPU alone, first pip install torch==2.13.0)"
        ) from error
