"""Walkers for the viewer: bodies for the page's own simulator, frames for everything else."""

from __future__ import annotations

from dataclasses import dataclass

from ulmus.problems.sodarace.physics.constants import (
    CONTACT_REACH,
    DEFAULT_LAWS,
    JOINT_RADIUS,
    PROJECTION,
    RUN_S,
    SETTLE_S,
    SHORTEST_LENGTH,
)
from ulmus.problems.sodarace.physics.simulate import record
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
    """

    terrain: str = "flat"
    fitness_name = "distance"
    fitness_unit = "u"

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
                "run_s": RUN_S,
            },
        }

    def body(self, value: Json) -> Json:
        """Return a walker as physics.js reads it, None for what is no walker."""
        body = body_of(value)
        return None if body is None else page_body(body)

    def film(self, value: Json, seconds: float, fps: float) -> Film | None:
        """Return how a walker moves, None for what is no walker or breaks."""
        body = body_of(value)
        return None if body is None else film_of(body, self.terrain, seconds, fps)


def body_of(value: Json) -> Body | None:
    """Return what a program returned as a body, None if it is no valid walker."""
    walker = parse_walker(value)
    return None if isinstance(walker, Invalid) else walker.body


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


def film_of(body: Body, terrain_name: str, seconds: float, fps: float) -> Film | None:
    """Return how a body moves on a terrain, None if it breaks at once."""
    ground = terrain(terrain_name)
    frames = record(body, ground.arrays, seconds=seconds, fps=fps)
    if not len(frames.positions):
        return None
    positions = frames.positions.tolist()
    return Film(
        frames=[[(x, y) for x, y in joints] for joints in positions],
        links=[Link(link.i, link.j, link.stroke, link.phase) for link in body.connections],
        ground=ground.polylines,
        fps=frames.fps,
        num_settling=frames.num_settling,
    )
