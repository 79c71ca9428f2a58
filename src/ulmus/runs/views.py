"""Folds over a run's log for people: elites, curves, lineage, tallies. All state is derived."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ulmus.errors import RunError, RunFormatError
from ulmus.records import Json, Measure, Placement
from ulmus.runs.log import LoggedStep, RunLog


@dataclass
class Tally:
    """What became of the proposals of one operator.

    Attributes:
        proposals: All of them.
        by_placement: How many had each placement.
        by_reason: How many were refused or invalid for each reason.
        valid_again: Duplicates of a valid program that count as valid.
    """

    proposals: int = 0
    by_placement: dict[Placement, int] = field(default_factory=dict)
    by_reason: dict[str, int] = field(default_factory=dict)
    valid_again: int = 0

    def add(self, placement: Placement, reason: str | None, valid_again: bool = False) -> None:
        """Count one proposal."""
        self.proposals += 1
        self.valid_again += valid_again
        self.by_placement[placement] = self.by_placement.get(placement, 0) + 1
        if reason is not None:
            self.by_reason[reason] = self.by_reason.get(reason, 0) + 1

    def share(self, *placements: Placement) -> float:
        """Return the share of proposals with one of the placements, 0 if there are none."""
        count = sum(self.by_placement.get(placement, 0) for placement in placements)
        return count / self.proposals if self.proposals else 0.0

    @property
    def valid_share(self) -> float:
        """The share that ran and got a fitness; duplicates have not run, see `valid_again`."""
        again = self.valid_again / self.proposals if self.proposals else 0.0
        return self.share(Placement.NEW, Placement.IMPROVED, Placement.KEPT_OUT) + again


@dataclass(frozen=True)
class EliteView:
    """The champion of a cell with its text."""

    cell: int
    step: LoggedStep
    source: str


@dataclass(frozen=True)
class CurvePoint:
    """The state of the map after so many evaluations.

    Attributes:
        evaluations: Steps so far, seeds included.
        cells: Occupied cells.
        qd_score: Sum of the champions' fitness.
        best_fitness: Highest fitness, 0 if the map is empty.
        valid_share: Share of valid programs since the point before.
    """

    evaluations: int
    cells: int
    qd_score: float
    best_fitness: float
    valid_share: float


def diff_told(manifest: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return how a run was told to ask its diff model; nothing if its manifest does not say."""
    config = manifest.get("config")
    told = config.get("diff") if isinstance(config, dict) else None
    return told if isinstance(told, dict) else {}


def measures_of(manifest: Mapping[str, Json]) -> tuple[Measure, ...]:
    """Return the axes of a run's map as its manifest tells them.

    Raises:
        RunFormatError: The manifest names no axes.
    """
    rows = manifest.get("measures")
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise RunFormatError("the run's manifest names no measures, so there is no map")
    return tuple(_measure(row) for row in rows)


def _measure(row: Json) -> Measure:
    if not isinstance(row, dict):
        raise RunFormatError(f"the run's manifest holds a broken measure: {row!r}")
    try:
        return Measure(**row)  # type: ignore[arg-type]
    except TypeError as error:
        raise RunFormatError(f"the run's manifest holds a broken measure: {row!r}") from error


def champions(steps: Iterable[LoggedStep]) -> dict[int, LoggedStep]:
    """Return the last admitted step of each cell, by cell in ascending order."""
    elites: dict[int, LoggedStep] = {}
    for step in steps:
        if step.admitted and step.cell is not None:
            elites[step.cell] = step
    return dict(sorted(elites.items()))


def elites(log: RunLog) -> list[EliteView]:
    """Return the champions of a run with their texts, by cell in ascending order."""
    return [
        EliteView(cell, step, source_of(log, step.number))
        for cell, step in champions(log.steps()).items()
    ]


def source_of(log: RunLog, number: int) -> str:
    """Return the text of an admitted program.

    Raises:
        RunError: The log kept no text for that step.
    """
    text = log.text(number)
    if text is None or text.source is None:
        raise RunError(f"step {number} of {log.folder} was not admitted, so its text was not kept")
    return text.source


def tallies(steps: Iterable[LoggedStep]) -> dict[str, Tally]:
    """Count what became of the proposals, by operator in the order of first use."""
    counts: dict[str, Tally] = {}
    for step in steps:
        counts.setdefault(step.operator, Tally()).add(step.placement, step.reason)
    return counts


def curve(steps: Iterable[LoggedStep], num_points: int, num_steps: int) -> list[CurvePoint]:
    """Return the state of the map at up to `num_points` moments, evenly spaced in steps.

    Args:
        steps: All steps of a run, in order.
        num_points: At least 1.
        num_steps: Number of steps, to space the points.
    """
    every = max(1, math.ceil(num_steps / num_points))
    fitness: dict[int, float] = {}
    points: list[CurvePoint] = []
    valid = since = 0
    for count, step in enumerate(steps, start=1):
        since += 1
        valid += step.fitness is not None
        if step.admitted and step.cell is not None and step.fitness is not None:
            fitness[step.cell] = step.fitness
        if count % every == 0 or count == num_steps:
            values = fitness.values()
            best = max(values, default=0.0)
            points.append(CurvePoint(count, len(fitness), math.fsum(values), best, valid / since))
            valid = since = 0
    return points


def lineage(log: RunLog, number: int) -> list[LoggedStep]:
    """Return the line of first parents from a seed to a step, the seed first."""
    wanted = {number}
    line = []
    for step in reversed([step for step in log.steps() if step.admitted or step.number == number]):
        if step.number in wanted:
            line.append(step)
            wanted = {step.parents[0]} if step.parents else set()
    return line[::-1]
