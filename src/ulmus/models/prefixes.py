"""Vectors that stand before a text and are no tokens: what a model of stage 3 is told of a terrain.

A folder may hold them in `prefixes.safetensors`, one tensor (vectors, width) by name. In a prompt
each vector is written as a mark of its own, such as `<|left_wall:1|>`. Marks are read and never
said: the output layer knows nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError
from ulmus.models.tensors import TensorFile

FILE = "prefixes.safetensors"

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Prefixes:
    """The prefixes of a folder.

    Attributes:
        marks: How each vector is written, in the order of `vectors`.
        vectors: (marks, width) float32.
    """

    marks: tuple[str, ...]
    vectors: Array


def marks_of(name: str, count: int) -> str:
    """Return how the prefix of a name is written in a prompt, a mark for each of its vectors."""
    return "".join(_marks(name, count))


def _marks(name: str, count: int) -> list[str]:
    return [f"<|{name}:{place}|>" for place in range(1, count + 1)]


def check_prefix(folder: Path, name: str, count: int) -> None:
    """Check that a model folder has the prefix of a name.

    Raises:
        ModelError: It has not, or one of another number of vectors.
    """
    path = folder / FILE
    if not path.is_file():
        raise ModelError(f"{path} is missing; `ulmus train conditional` writes it")
    file = TensorFile(path)
    found = len(file.read(name)) if name in file.names else 0
    if found != count:
        raise ModelError(f"{path} must have {count} vectors of {name!r}, it has {found}")


def read_prefixes(folder: Path, width: int) -> Prefixes:
    """Return the prefixes of a model folder; most have none.

    Args:
        folder: Of the model.
        width: Units of its tokens.

    Raises:
        ModelError: The file is damaged, or its vectors have another width.
    """
    path = folder / FILE
    marks: list[str] = []
    parts = [np.empty((0, width), np.float32)]
    if not path.is_file():
        return Prefixes((), parts[0])
    file = TensorFile(path)
    for name in sorted(file.names):
        vectors = file.read(name)
        if vectors.ndim != 2 or vectors.shape[1] != width:
            raise ModelError(
                f"{path}: {name} must have the shape (vectors, {width}) after config.json, got "
                f"{vectors.shape}"
            )
        marks += _marks(name, len(vectors))
        parts.append(vectors)
    return Prefixes(tuple(marks), np.concatenate(parts))
