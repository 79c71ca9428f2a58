"""What shows, iteration by iteration, whether a policy learns, stands still or collapses.

A policy collapses when it writes the same programs whatever the terrain, or gives up the variety of
stage 2 for one good walker. Neither shows in the mean reward alone. Near copies are different
texts, so counting them does not see the first; how much likelier a program is for its own terrain
than for another (`experience.terrain_kl`) does.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ulmus.errors import TrainingError

LOG = "log.jsonl"

FEW_DISTINCT = 0.1
"""Share of distinct programs of a terrain below which it is said to have collapsed."""

ALIKE = 0.5
"""Nats per program between terrains below which a policy is said to ignore them. A program is then
less than 1.6 times as likely for its own terrain as for another: it hardly tells for which of them
it was written."""

FIRST_ITERATIONS = 30
"""Iterations in which that is no surprise: all terrains begin as one."""


@dataclass(frozen=True)
class Sample:
    """One program and what it came to.

    Attributes:
        terrain: For which it was written.
        program: Its text; None if it did not end.
        score: On that terrain, in the problem's unit; None if it was invalid.
    """

    terrain: str
    program: str | None
    score: float | None


@dataclass(frozen=True)
class TerrainFigures:
    """The programs that one iteration wrote for one terrain.

    Attributes:
        programs: How many.
        mean: Mean score, invalid ones count 0.
        valid: Share of valid programs.
        distinct: Number of different programs.
        best: Highest score of the iteration.
        best_so_far: Highest score of all iterations.
    """

    programs: int
    mean: float
    valid: float
    distinct: int
    best: float
    best_so_far: float


def by_terrain(
    samples: Sequence[Sample], terrains: Sequence[str], best: Mapping[str, float]
) -> dict[str, TerrainFigures]:
    """Return the figures of each terrain; `best` are the best scores before."""
    found = {}
    for name in terrains:
        some = [sample for sample in samples if sample.terrain == name]
        scores = [sample.score for sample in some if sample.score is not None]
        highest = max(scores, default=0.0)
        found[name] = TerrainFigures(
            programs=len(some),
            mean=math.fsum(scores) / max(1, len(some)),
            valid=len(scores) / max(1, len(some)),
            distinct=len({sample.program for sample in some}),
            best=highest,
            best_so_far=max(highest, best.get(name, 0.0)),
        )
    return found


def shared(samples: Sequence[Sample]) -> float:
    """Return the share of the programs that were also written for another terrain."""
    where: dict[str, set[str]] = {}
    for sample in samples:
        if sample.program is not None:
            where.setdefault(sample.program, set()).add(sample.terrain)
    count = sum(s.program is not None and len(where[s.program]) > 1 for s in samples)
    return count / max(1, len(samples))


def warnings_of(
    iteration: int,
    figures: Mapping[str, TerrainFigures],
    shared_share: float,
    terrain_kl: float | None,
) -> list[str]:
    """Say in words what looks like a collapse; the arguments are those of `Iteration`."""
    found = [
        f"{name}: only {some.distinct} different programs of {some.programs}"
        for name, some in figures.items()
        if some.distinct < max(2, FEW_DISTINCT * some.programs) and some.programs > 1
    ]
    found += [f"{name}: no valid program" for name, some in figures.items() if not some.valid]
    if shared_share > 0.5:
        found.append(f"{shared_share:.0%} of the programs were written for several terrains")
    if iteration > FIRST_ITERATIONS and terrain_kl is not None and terrain_kl < ALIKE:
        found.append(
            f"the terrain hardly matters: a program is {math.exp(terrain_kl):.2f} times as likely "
            "for its own terrain as for another"
        )
    return found


@dataclass(frozen=True)
class Learned:
    """What the steps of one iteration came to; means over its steps, in nats where none is said.

    Attributes:
        steps: Steps of the policy; fewer than planned if it moved too far.
        policy_loss, value_loss: Losses.
        clip_fraction: Share of tokens whose ratio left the range.
        update_kl: Divergence of the policy that wrote from the policy that learned, per token, at
            the last look.
        entropy: Of the next token, per token.
        gradient: Norm of the gradient before it was shortened.
        queue_loss: Of imitating the best programs so far, per token; None if there was none.
    """

    steps: int
    policy_loss: float
    value_loss: float
    clip_fraction: float
    update_kl: float
    entropy: float
    gradient: float
    queue_loss: float | None = None


@dataclass(frozen=True)
class Iteration:
    """One iteration, as it stands in the log.

    Attributes:
        iteration: From 1.
        reward: Mean reward, in units of reward, price of leaving stage 2 left out.
        terrains: By terrain.
        shared: Share of the programs that were also written for another terrain.
        kl: Divergence of the policy from stage 2, nats per program.
        kl_per_token: The same per token.
        terrain_kl: Divergence of the programs for one terrain from those for another, nats per
            program; 0 if the policy ignores the terrain, None if there is only one.
        explained_variance: Share of the spread of returns that the values foresaw.
        learned: What the steps came to.
        tokens: Tokens written.
        seconds: Of "writing", "judging", "looking" (values, stage 2) and "learning".
        warnings: What looks like a collapse.
    """

    iteration: int
    reward: float
    terrains: Mapping[str, TerrainFigures]
    shared: float
    kl: float
    kl_per_token: float
    terrain_kl: float | None
    explained_variance: float
    learned: Learned
    tokens: int
    seconds: Mapping[str, float]
    warnings: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def append(folder: Path, line: Mapping[str, Any]) -> None:
    """Append a line to the log of a training.

    Raises:
        TrainingError: The folder or the disk refuses.
    """
    file = folder / LOG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dict(line)) + "\n")
    except OSError as error:
        raise TrainingError(f"cannot write to {file}: {error}") from error


def cut(folder: Path, iteration: int) -> None:
    """Drop the lines of later iterations, and one that a kill has torn; they are written again.

    Raises:
        TrainingError: The folder or the disk refuses.
    """
    file = folder / LOG
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        kept = [line for line in lines if _iteration(line) <= iteration]
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text("".join(line + "\n" for line in kept), "utf-8")
        os.replace(partial, file)
    except OSError as error:
        raise TrainingError(f"cannot write to {file}: {error}") from error


def _iteration(line: str) -> float:
    """Return the iteration of a line of the log; of a torn one, later than all."""
    try:
        return int(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return math.inf
