"""What the viewer needs to know of a problem: names for its figures and, if it moves, pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ulmus.records import Json

Bodies: TypeAlias = Callable[[Sequence[str]], Sequence[Json]]
"""Texts of programs in, what they return out, in the same order; None where there is nothing."""

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Link:
    """A bone or a muscle between two joints.

    Attributes:
        i: Index of a joint.
        j: Index of another joint.
        stroke: Share of the rest length by which a muscle grows and shrinks; 0.0 is a bone.
        phase: Of the muscle, in turns.
    """

    i: int
    j: int
    stroke: float
    phase: float


@dataclass(frozen=True)
class Film:
    """A walker in motion.

    Attributes:
        frames: For each frame (x, y) of each joint, u.
        links: Bones and muscles.
        ground: Outlines of the ground, u; free space on the left.
        camera: For each frame the x at which to look, u.
        fps: Frames per second.
        num_settling: How many of the first frames come before the clock starts.
    """

    frames: Sequence[Sequence[Point]]
    links: Sequence[Link]
    ground: Sequence[Sequence[Point]]
    camera: Sequence[float]
    fps: float
    num_settling: int


class ProblemView(Protocol):
    """How the results of a problem are named and shown."""

    @property
    def fitness_name(self) -> str:
        """What the fitness is, such as "distance"."""
        ...

    @property
    def fitness_unit(self) -> str:
        """Its unit, such as "u"; empty if it has none."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What else is worth saying of the problem, by name."""
        ...

    @property
    def world(self) -> Json:
        """What the page needs to let a body move, plain data; None if nothing moves."""
        ...

    def body(self, value: Json) -> Json:
        """Return what the page needs to draw what a program returned; None if it cannot."""
        ...

    def film(self, value: Json, seconds: float, fps: float) -> Film | None:
        """Return the motion of what a program returned; None if it cannot."""
        ...


@dataclass(frozen=True)
class PlainView:
    """Shows a problem of which nothing is known but its figures."""

    fitness_name: str = "fitness"
    fitness_unit: str = ""

    @property
    def facts(self) -> Mapping[str, str]:
        """Nothing is known."""
        return {}

    @property
    def world(self) -> Json:
        """Nothing moves."""
        return None

    def body(self, value: Json) -> Json:
        """Return None: there is nothing to draw."""
        return None

    def film(self, value: Json, seconds: float, fps: float) -> Film | None:
        """Return None: nothing moves."""
        return None


def no_bodies(sources: Sequence[str]) -> Sequence[Json]:
    """Return nothing for every program, for a caller that has no sandbox."""
    return [None] * len(sources)


def view_of(manifest: Mapping[str, Json]) -> ProblemView:
    """Return the view that fits the problem named in a run's manifest."""
    config = manifest.get("config")
    settings = config if isinstance(config, dict) else {}
    if settings.get("problem") != "sodarace":
        return PlainView()
    from ulmus.viewer.walkers import walker_view

    options = settings.get("options")
    return walker_view(options if isinstance(options, dict) else {})
