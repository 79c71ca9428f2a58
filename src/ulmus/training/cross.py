"""The cross table: programs written for each terrain, scored on every terrain.

Whoever invents for a terrain is better there than what was invented for the others. A policy that
always writes one walker has equal rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ulmus.errors import TrainingError
from ulmus.training.conditioned import Conditioned
from ulmus.training.inventors import Inventor
from ulmus.training.rollouts import chances_for, draw

SAMPLES = "samples.jsonl"

TOGETHER = 128
"""Programs drawn at a time: their keys and values fill half a gigabyte with a network of 3M."""


@dataclass(frozen=True)
class Written:
    """One program with its score on every terrain.

    Attributes:
        terrain: For which it was written.
        program: Its text; None if it did not end.
        scores: By terrain; None where it was invalid.
    """

    terrain: str
    program: str | None
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Cross:
    """Programs for each terrain, scored on every terrain.

    Attributes:
        mean: Mean score, by the terrain written for, then by the terrain scored on; invalid
            programs count 0.
        best: Best score on the terrain written for.
        written: The programs; none if it was read from a checkpoint.
    """

    mean: Mapping[str, Mapping[str, float]]
    best: Mapping[str, float]
    written: Sequence[Written] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, without the programs."""
        return {
            "mean": {name: dict(row) for name, row in self.mean.items()},
            "best": dict(self.best),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Cross:
        """Read what `to_json` returned."""
        return Cross(value["mean"], value["best"])

    @staticmethod
    def of(written: Sequence[Written], terrains: Sequence[str]) -> Cross:
        """Compute the table of programs."""
        rows = {name: [one.scores for one in written if one.terrain == name] for name in terrains}
        return Cross(
            {
                name: {
                    other: math.fsum(scores[other] or 0.0 for scores in row) / max(1, len(row))
                    for other in terrains
                }
                for name, row in rows.items()
            },
            {name: max((s[name] or 0.0 for s in row), default=0.0) for name, row in rows.items()},
            written,
        )


def cross_table(
    policy: Conditioned,
    inventor: Inventor,
    terrains: Sequence[str],
    score: Callable[[Sequence[tuple[str, str]]], Sequence[float | None]],
    count: int,
    max_tokens: int,
    seed: int,
    purpose: str,
) -> Cross:
    """Write `count` programs for each terrain and score them on every terrain."""
    found: list[tuple[str, str | None]] = []
    with torch.no_grad():
        prefixes = policy.terrains()
    for number, name in enumerate(terrains):
        chances = chances_for(seed, purpose, number, count, max_tokens).to(prefixes.device)
        for first in range(0, count, TOGETHER):
            part = chances[first : first + TOGETHER]
            rows = prefixes[number].expand(len(part), -1, -1)
            drawn = draw(policy, rows, part, inventor.end)
            texts = drawn.texts(inventor.tokenizer, inventor.prompt)
            found += [(name, text) for text in texts]
    pairs = [(text, other) for _, text in found if text is not None for other in terrains]
    worth = dict(zip(pairs, score(pairs), strict=True))
    return Cross.of(
        [
            Written(name, text, {other: worth[text, other] for other in terrains})
            if text is not None
            else Written(name, None, dict.fromkeys(terrains))
            for name, text in found
        ],
        terrains,
    )


def write_samples(folder: Path, cross: Cross) -> None:
    """Write the programs of a table with their scores, one JSON object a line.

    Raises:
        TrainingError: The folder or the disk refuses.
    """
    file = folder / SAMPLES
    partial = file.with_name(f".{file.name}.partial")
    lines = [
        json.dumps({"terrain": one.terrain, "program": one.program, "scores": dict(one.scores)})
        for one in cross.written
    ]
    try:
        partial.write_text("".join(line + "\n" for line in lines), "utf-8")
        partial.replace(file)
    except OSError as error:
        raise TrainingError(f"cannot write to {file}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
