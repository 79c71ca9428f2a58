"""Walkers for the viewer: bodies for the page's own simulator, frames for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ulmus.problems.sodarace.frames import film
from ulmus.problems.sodarace.physics.constants import (
    CONTACT_REACH,
    DEFAULT_LAWS,
    JOINT_RADIUS,
    PROJECTION,
    RUN_S,
    SETTLE_S,
    SHORTEST_LENGTH,
)
from ulmus.problems.sodarace.physics.state import (
    Body,
    canonical_links,
    canonical_order,
    spring_coefficients,
)
from ulmus.problems.sodarace.terrain import terrain
from ulmus.problems.sodarace.walker import Invalid, parse_walker
from ulmus.records import Json
from ulmus.viewer.scenes import Film, Link


@dataclass(frozen=True)
class WalkerView:
    """Shows walkers on one terrain.

    Attributes:
        terrain: Name of the terrain.
        seconds: Simulated time with the clock running.
        fitness_name: What the fitness is.
        seed_program: What the run began with.
    """

    terrain: str = "flat"
    seconds: float = RUN_S
    fitness_name: str = "distance"
    seed_program: str = "square"
    fitness_unit = "u"

    @property
    def facts(self) -> Mapping[str, str]:
        """The seed program, the terrain and the simulated time."""
        time = f"{self.seconds:g} s"
        return {"seed program": self.seed_program, "terrain": self.terrain, "time": time}

    @property
    def world(self) -> Json:
        """The laws of physics and the outlines of the ground, for physics.js."""
        laws, h = DEFAULT_LAWS, DEFAULT_LAWS.substep_s
        return {
            "ground": [[list(point) for point in line] for line in terrain(self.terrain).polylines],
            "laws": {
                "substeps_hz": laws.substeps_hz,
                "gravity": laws.gravity,
                "drag": laws.drag,
                "friction": laws.friction,
                "top_speed": laws.top_speed,
                "wave_period_s": laws.wave_period_s,
                "ramp_s": laws.ramp_s,
                "muscle": list(spring_coefficients(laws.muscle, h)),
                "bone": list(spring_coefficients(laws.bone, h)),
                "joint_radius": JOINT_RADIUS,
                "contact_reach": CONTACT_REACH,
                "projection": PROJECTION,
                "shortest_length": SHORTEST_LENGTH,
                "settle_s": SETTLE_S,
                "run_s": self.seconds,
            },
        }

    def body(self, value: Json) -> Json:
        """Return a walker as physics.js reads it, None for what is no walker."""
        walker = parse_walker(value)
        return None if isinstance(walker, Invalid) else page_body(walker.body)

    def film(self, value: Json, seconds: float, fps: float) -> Film | None:
        """Return how a walker moves, None for what is no walker."""
        walker = parse_walker(value)
        if isinstance(walker, Invalid):
            return None
        moving = film(walker, self.terrain, seconds=seconds, fps=fps)
        if moving is None:
            return None
        return Film(
            frames=moving.frames,
            links=[Link(link.i, link.j, link.stroke, link.phase) for link in moving.links],
            ground=terrain(self.terrain).polylines,
            camera=moving.camera,
            fps=moving.fps,
            num_settling=moving.num_settling,
        )


def walker_view(options: Mapping[str, Json]) -> WalkerView:
    """Return the view that fits the options of a run."""
    seconds = options.get("seconds", RUN_S)
    return WalkerView(
        terrain=str(options.get("terrain", "flat")),
        seconds=float(seconds) if isinstance(seconds, int | float) else RUN_S,
        fitness_name=str(options.get("fitness", "distance")),
        seed_program=str(options.get("seed_program", "square")),
    )


def page_body(body: Body) -> dict[str, Json]:
    """Return a body as two flat lists in canonical order.

    Returns:
        `joints`: x, y, x, y, ... in u; `links`: i, j, stroke, phase, i, j, ...
    """
    order = canonical_order(body.joints)
    rank = [0] * len(order)
    for new, old in enumerate(order):
        rank[old] = new
    links = canonical_links(body.connections, rank)
    return {
        "joints": [value for k in order for value in body.joints[k]],
        "links": [value for link in links for value in link],
    }
