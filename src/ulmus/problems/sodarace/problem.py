"""Sodarace: programs that return walkers, worth the distance that these come.

Departures from the ELM paper (Lehman et al. 2022, arXiv 2206.08896): the paper gives neither the
simulated time nor the ranges of the map nor what becomes of a walker outside them; here they are
10 s, 30 u x 30 u x 240 and the outermost cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Literal

from ulmus.errors import ConfigError, unknown_name
from ulmus.problems.sodarace import programs
from ulmus.problems.sodarace.judging import Judgement, failure, judge_all
from ulmus.problems.sodarace.physics.constants import RUN_S
from ulmus.problems.sodarace.physics.simulate import warm_up
from ulmus.problems.sodarace.terrain import terrain, terrain_names
from ulmus.problems.sodarace.walker import LARGEST_EXTENT, Invalid, Walker, parse_walker
from ulmus.records import Evaluation, Job, Measure, Outcome, Program, Status

SCORE_VERSION = 2
"""Goes up whenever physics, terrains or the rules for walkers change a score."""

LARGEST_MASS = 240.0
"""Upper end of the axis of mass: 12 bins of 20."""

LONGEST_RUN_S = 3600.0

MOST_BINS = 1000
"""Per axis; a picture of the map could not show more."""


@dataclass(frozen=True)
class Sodarace:
    """Walkers on one terrain.

    Attributes:
        terrain: Name of the ground.
        seconds: Simulated time per walker, in (0, 3600] s.
        seed_program: Name of a built-in program or path of a Python file.
        fitness: "distance" as in the paper; "sustained" does not reward falling over once.
        bins: Number of bins of height, width and mass.
    """

    terrain: str = "flat"
    seconds: float = RUN_S
    seed_program: str = "square"
    fitness: Literal["distance", "sustained"] = "distance"
    bins: tuple[int, int, int] = (12, 12, 12)

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            ConfigError: Unknown terrain or fitness, a time or a number of bins out of range.
        """
        if self.terrain not in terrain_names():
            raise unknown_name("terrain", self.terrain, terrain_names())
        if self.fitness not in ("distance", "sustained"):
            raise unknown_name("fitness", self.fitness, ("distance", "sustained"))
        if not (isfinite(self.seconds) and 0.0 < self.seconds <= LONGEST_RUN_S):
            raise ConfigError(f"seconds must be in (0, {LONGEST_RUN_S:g}], not {self.seconds}")
        if len(self.bins) != 3 or min(self.bins) < 1 or max(self.bins) > MOST_BINS:
            raise ConfigError(f"bins must be three numbers of 1 to {MOST_BINS}, not {self.bins}")

    @property
    def name(self) -> str:
        """Return "sodarace"."""
        return "sodarace"

    @property
    def identity(self) -> str:
        """Return the settings, the version of the scores and that of what programs import."""
        settings = ", ".join(f"{key}={value!r}" for key, value in asdict(self).items())
        return f"sodarace({settings}), scores {SCORE_VERSION}, guest {programs.guest_version()}"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return height, width and mass of the walker at the start."""
        height, width, mass = self.bins
        return (
            Measure("height", "u", 0.0, LARGEST_EXTENT, height),
            Measure("width", "u", 0.0, LARGEST_EXTENT, width),
            Measure("mass", "", 0.0, LARGEST_MASS, mass),
        )

    def prepare(self) -> None:
        """Compile the simulator, or load it, so that the first batch need not wait."""
        warm_up(terrain(self.terrain).arrays)

    def seeds(self) -> Sequence[Program]:
        """Return the one seed program.

        Raises:
            ConfigError: Neither a known name nor a path.
            ProgramFileError: The file cannot be read.
        """
        return (Program(programs.read_seed(self.seed_program)),)

    def job(self, program: Program) -> Job:
        """Say how to run a program."""
        found = programs.surroundings(program.source)
        return Job(
            source=program.source,
            entry=programs.ENTRY,
            modules=found.modules,
            scope=found.scope,
            limits=programs.LIMITS,
        )

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        """Judge a batch of outcomes; all walkers are simulated together."""
        walkers = [_walker(outcome) for outcome in outcomes]
        return [self._evaluation(j) for j in judge_all(walkers, self.terrain, self.seconds)]

    def _evaluation(self, judgement: Judgement) -> Evaluation:
        figures = (judgement.height, judgement.width, judgement.mass)
        fitness = judgement.distance if self.fitness == "distance" else judgement.sustained
        height, width, mass = figures
        if fitness is None or height is None or width is None or mass is None:
            return Evaluation.invalid(judgement.reason or judgement.status)
        return Evaluation(fitness, (height, width, mass))


def _walker(outcome: Outcome) -> Walker | Invalid:
    """Return the walker that a program returned, or why there is none."""
    if outcome.status is not Status.OK:
        return Invalid(failure(outcome))
    return parse_walker(outcome.value)
