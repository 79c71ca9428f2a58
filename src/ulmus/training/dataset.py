"""A folder of programs that runs invented, as training reads it (paper, stage 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ulmus.errors import DataFormatError


@dataclass(frozen=True)
class Row:
    """One program of a data set.

    Attributes:
        text: What is learned: the program, with its properties before or after it if wanted.
        program: The program alone.
        fitness: Its fitness.
    """

    text: str
    program: str
    fitness: float


@dataclass(frozen=True)
class Dataset:
    """Programs to learn from, and programs to judge by.

    Attributes:
        train: To learn from.
        test: Kept apart.
        facts: What ulmus.json of the folder says: problem, its options, measures, properties.
    """

    train: tuple[Row, ...]
    test: tuple[Row, ...]
    facts: dict[str, Any]


def read_dataset(folder: Path) -> Dataset:
    """Read the folder of a data set.

    Raises:
        DataFormatError: It is none, a file is damaged, or there is no program to learn from.
    """
    file = folder / "ulmus.json"
    try:
        facts = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(
            f"{folder} is no data set of programs: cannot read {file} ({error}); "
            "make one with ulmus dataset RUN... --out DIR"
        ) from None
    if not isinstance(facts, dict) or "problem" not in facts:
        raise DataFormatError(f"{file} does not name the problem of the programs")
    train, test = (_rows(folder / "data" / f"{name}.jsonl") for name in ("train", "test"))
    if not train:
        raise DataFormatError(f"{folder} holds no program to learn from: data/train.jsonl is empty")
    return Dataset(train, test, facts)


def _rows(file: Path) -> tuple[Row, ...]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataFormatError(f"cannot read {file}: {error}") from None
    return tuple(_row(line, file, number) for number, line in enumerate(lines, start=1))


def _row(line: str, file: Path, number: int) -> Row:
    try:
        told = json.loads(line)
        return Row(str(told["text"]), str(told["program"]), float(told["fitness"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataFormatError(
            f"{file}, line {number} is no program of a data set: {error!r}"
        ) from None
