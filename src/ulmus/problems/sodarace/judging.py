"""From what a program returned to what it is worth, in trusted code."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from ulmus.problems.sodarace.physics.constants import RUN_S
from ulmus.problems.sodarace.physics.simulate import Motion, simulate
from ulmus.problems.sodarace.terrain import terrain as terrain_by_name
from ulmus.problems.sodarace.walker import Invalid, Walker, parse_walker
from ulmus.records import Json, Outcome, Status

UNSTABLE = "unstable physics"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one walker; all figures are None unless the status is "ok".

    Attributes:
        status: "ok", "invalid", or how the program failed: "error", "timeout", "memory", ...
        distance: How far the mean x of the joints moved, u, at least 0.
        displacement: The same with its sign.
        sustained: 4 x the progress in the slowest quarter of the time, u.
        height, width: Extents at the start, u.
        mass: Joints + half the summed rest lengths.
        clamps: How often a joint was slowed down to the top speed.
        reason: Why there are no figures, a short phrase with few distinct values.
    """

    status: str
    distance: float | None = None
    displacement: float | None = None
    sustained: float | None = None
    height: float | None = None
    width: float | None = None
    mass: float | None = None
    clamps: int | None = None
    reason: str | None = None


def judge(value: Json | Walker, terrain: str = "flat", seconds: float = RUN_S) -> Judgement:
    """Return what a walker, or what a program returned, is worth.

    Args:
        value: A walker, or plain data that may describe one.
        terrain: Name of the ground.
        seconds: Simulated time.

    Raises:
        ConfigError: There is no such terrain.
        ValueError: The time is negative or not finite.
    """
    walker = value if isinstance(value, Walker) else parse_walker(value)
    return judge_all([walker], terrain, seconds)[0]


def judge_outcome(outcome: Outcome, terrain: str = "flat", seconds: float = RUN_S) -> Judgement:
    """Return what the walker of a program that ran is worth; raises as `judge`."""
    if outcome.status is not Status.OK:
        return Judgement(outcome.status.value, reason=failure(outcome))
    return judge(outcome.value, terrain, seconds)


def judge_all(walkers: Sequence[Walker | Invalid], terrain: str, seconds: float) -> list[Judgement]:
    """Simulate all valid walkers as one batch; judgements come in the same order."""
    bodies = [walker.body for walker in walkers if isinstance(walker, Walker)]
    motions = iter(simulate(bodies, terrain_by_name(terrain).arrays, seconds=seconds))
    return [
        Judgement("invalid", reason=walker.reason)
        if isinstance(walker, Invalid)
        else _judgement(walker, next(motions))
        for walker in walkers
    ]


def _judgement(walker: Walker, motion: Motion) -> Judgement:
    if not motion.finite:
        return Judgement("invalid", reason=UNSTABLE)
    return Judgement(
        "ok",
        distance=motion.distance,
        displacement=motion.displacement,
        sustained=motion.sustained,
        height=walker.height,
        width=walker.width,
        mass=walker.mass,
        clamps=motion.clamps,
    )


def failure(outcome: Outcome) -> str:
    """Return why a program gave no value: the status and, for an error, the kind of exception.

    Such as "error: NameError". A program can name its exceptions as it likes; so that reasons
    stay few, all but the built-in ones and those of `walk_creator` are "other exception".
    """
    if outcome.status is not Status.ERROR:
        return outcome.status.value
    kind = (outcome.error or "").partition(":")[0].partition(" (line ")[0]
    return f"error: {kind if kind in _KINDS else 'other exception'}"


_KINDS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
) | {"no entry", "TooManyJoints", "TooManyMuscles"}
