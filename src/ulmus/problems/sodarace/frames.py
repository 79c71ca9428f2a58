"""A walker in motion as plain data for pictures: small, rounded, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ulmus.problems.sodarace.physics.constants import JOINT_RADIUS, RUN_S, SETTLE_S
from ulmus.problems.sodarace.physics.simulate import record
from ulmus.problems.sodarace.physics.state import Connection, Floats
from ulmus.problems.sodarace.terrain import Point, Polyline
from ulmus.problems.sodarace.terrain import terrain as terrain_by_name
from ulmus.problems.sodarace.walker import Walker
from ulmus.records import Json

MARGIN = 20.0
"""u. How much ground is kept on both sides of all that the walker reaches."""

CAMERA_S = 1.0
"""Seconds over which the camera averages the place of the walker: one period of its muscles."""


@dataclass(frozen=True)
class Film:
    """A walker in motion.

    Attributes:
        frames: Per frame (x, y) of each joint in the order of the program, u, 3 decimals.
        links: Bones (stroke 0) and muscles.
        ground: Outlines near the walker, u; free space on the left.
        camera: Per frame the x at which to look, u, 2 decimals.
        top: Highest y that a joint reaches, u.
        fps: Frames per second.
        num_settling: How many of the first frames come before the clock starts.
    """

    frames: tuple[tuple[Point, ...], ...]
    links: tuple[Connection, ...]
    ground: tuple[Polyline, ...]
    camera: tuple[float, ...]
    top: float
    fps: float
    num_settling: int

    def to_json(self) -> dict[str, Json]:
        """Return the film as plain data; frames are flat: x, y, x, y, ..."""
        return {
            "fps": self.fps,
            "num_settling": self.num_settling,
            "joint_radius": JOINT_RADIUS,
            "top": self.top,
            "links": [_link(link) for link in self.links],
            "ground": [[list(point) for point in line] for line in self.ground],
            "camera": list(self.camera),
            "frames": [[value for joint in frame for value in joint] for frame in self.frames],
        }


def _link(link: Connection) -> Json:
    if link.stroke == 0.0:
        return {"i": link.i, "j": link.j, "kind": "bone"}
    drive: dict[str, Json] = {"stroke": round(link.stroke, 3), "phase": round(link.phase, 3)}
    return {"i": link.i, "j": link.j, "kind": "muscle", **drive}


def film(
    walker: Walker,
    terrain: str = "flat",
    *,
    seconds: float = RUN_S,
    settle_s: float = SETTLE_S,
    fps: float = 30.0,
) -> Film | None:
    """Return how a walker moves, bit-equal (before rounding) to the motion that is scored.

    None for a walker so far from the origin (1e100 u) that it cannot be simulated.

    Raises:
        ConfigError: There is no such terrain.
        ValueError: A time is negative or not finite, or `fps` is not positive.
    """
    ground = terrain_by_name(terrain)
    moving = record(walker.body, ground.arrays, seconds=seconds, settle_s=settle_s, fps=fps)
    if not len(moving.positions):
        return None
    xs = moving.positions[:, :, 0]
    left, right = float(xs.min()) - MARGIN, float(xs.max()) + MARGIN
    return Film(
        frames=tuple(_points(frame) for frame in moving.positions.round(3).tolist()),
        links=walker.connections,
        ground=outline_between(ground.polylines, left, right),
        camera=tuple(_camera(xs.mean(axis=1), round(CAMERA_S * fps)).round(2).tolist()),
        top=round(float(moving.positions[:, :, 1].max()), 3),
        fps=fps,
        num_settling=moving.num_settling,
    )


def _points(frame: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in frame)


def _camera(centres: Floats, span: int) -> Floats:
    """Return a centred moving average; towards the ends fewer frames are averaged.

    Args:
        centres: (num_frames,) mean x of the joints, u.
        span: Number of frames to average.
    """
    window = np.ones(max(1, span))
    counts = np.convolve(np.ones(len(centres)), window, mode="full")
    sums = np.convolve(centres, window, mode="full")
    first = (len(window) - 1) // 2
    return (sums / counts)[first : first + len(centres)]


def outline_between(
    polylines: Iterable[Polyline], left: float, right: float
) -> tuple[Polyline, ...]:
    """Return the parts of outlines with left <= x <= right, cut at these two lines.

    Args:
        polylines: Outlines, u.
        left: Where the picture begins, u.
        right: Where it ends, u.
    """
    parts: list[list[Point]] = []
    for line in polylines:
        parts.append([])
        for start, end in pairwise(line):
            piece = _cut(start, end, left, right)
            if piece is None:
                continue
            if parts[-1] and parts[-1][-1] == piece[0]:
                parts[-1].append(piece[1])
            else:
                parts.append(list(piece))
    return tuple(tuple(part) for part in parts if part)


def _cut(start: Point, end: Point, left: float, right: float) -> tuple[Point, Point] | None:
    """Return the part of a segment between two vertical lines, rounded; None if there is none."""
    low, high = min(start[0], end[0]), max(start[0], end[0])
    if high < left or low > right:
        return None

    def at(point: Point) -> Point:
        x = min(max(point[0], left), right)
        if x == point[0]:
            return round(x, 3), round(point[1], 3)
        share = (x - start[0]) / (end[0] - start[0])
        return round(x, 3), round(start[1] + share * (end[1] - start[1]), 3)

    return at(start), at(end)
