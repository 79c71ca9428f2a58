"""The terrains as plain data: directed polylines with free space on their left.

Floors run towards +x, ceilings towards -x. Ends lie a million units away. All terrains are flat
where walkers start. Only the walls and the random bumps tell left from right, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import floor, sqrt

import numpy as np

from ulmus.errors import unknown_name
from ulmus.problems.sodarace.physics.constants import (
    BUCKET_LOW,
    BUCKET_WIDTH,
    CONTACT_REACH,
    JOINT_RADIUS,
    NUM_BUCKETS,
)
from ulmus.problems.sodarace.physics.state import Floats, Starts, TerrainArrays

Point = tuple[float, float]
Polyline = tuple[Point, ...]

FAR = 1e6
"""u. Where floors end; a walker comes at most 780 u far in ten seconds."""

WALL_TOP = 200.0
"""u. Height of walls and tunnel blocks: solid up to there, so that no body can straddle them."""


@dataclass(frozen=True, eq=False)
class Terrain:
    """A named ground.

    Attributes:
        name: Key in the table of terrains.
        polylines: Outlines, u; free space on the left. For drawing and for `arrays`.
        arrays: The same as the simulator reads it.
    """

    name: str
    polylines: tuple[Polyline, ...]
    arrays: TerrainArrays


def terrain_names() -> tuple[str, ...]:
    """Return the names of all terrains, the default first."""
    return tuple(_TERRAINS)


@cache
def terrain(name: str) -> Terrain:
    """Return a terrain by name.

    Raises:
        ConfigError: There is no terrain of this name.
    """
    if name not in _TERRAINS:
        raise unknown_name("terrain", name, _TERRAINS)
    polylines = _TERRAINS[name]()
    return Terrain(name, polylines, terrain_arrays(polylines))


def _flat() -> tuple[Polyline, ...]:
    """Return the floor y = 0."""
    return (((-FAR, 0.0), (FAR, 0.0)),)


def _left_wall() -> tuple[Polyline, ...]:
    """Return a floor with everything beyond x = -25 solid."""
    return (((-FAR, WALL_TOP), (-25.0, WALL_TOP), (-25.0, 0.0), (FAR, 0.0)),)


def _right_wall() -> tuple[Polyline, ...]:
    """Return a floor with everything beyond x = 25 solid."""
    return (((-FAR, 0.0), (25.0, 0.0), (25.0, WALL_TOP), (FAR, WALL_TOP)),)


def _bumps() -> list[Point]:
    """Return floor points every 3 u from -300 to 300, at random heights in [-1.5, 1.5] u.

    The generator advances for every point in the order of x; near the start the floor is 0.
    """
    state, points = 7, []
    for x in range(-300, 301, 3):
        state = (1664525 * state + 1013904223) % 2**32
        height = round(1.5 * (2.0 * (state / 2**32) - 1.0), 3)
        points.append((float(x), 0.0 if abs(x) < 16 else height))
    return points


def _bumpy() -> tuple[Polyline, ...]:
    """Return random bumps, level beyond |x| = 300."""
    points = _bumps()
    return (((-FAR, points[0][1]), *points, (FAR, points[-1][1])),)


def _bumpy_right_wall() -> tuple[Polyline, ...]:
    """Return the bumps up to x = 25, where the bump that is cut there meets a wall."""
    points = _bumps()
    before = [point for point in points if point[0] < 25.0]
    after = points[len(before)]
    (x0, y0), (x1, y1) = before[-1], after
    foot = round(y0 + (y1 - y0) * (25.0 - x0) / (x1 - x0), 3)
    wall = ((25.0, foot), (25.0, WALL_TOP), (FAR, WALL_TOP))
    return (((-FAR, points[0][1]), *before, *wall),)


def _tunnel() -> tuple[Polyline, ...]:
    """Return a floor and, on both sides, a block above y = 8 for 20 <= |x| <= 1020."""
    right = ((1020.0, WALL_TOP), (1020.0, 8.0), (20.0, 8.0), (20.0, WALL_TOP), (1020.0, WALL_TOP))
    left = tuple((-x, y) for x, y in reversed(right))
    return (*_flat(), right, left)


def _mirrored(right: Sequence[Point]) -> tuple[Polyline, ...]:
    """Return the floor with the given points to the right of 0 and their mirror to the left."""
    end = right[-1][1]
    left = [(-x, y) for x, y in reversed(right)]
    return (((-FAR, end), *left, *right, (FAR, end)),)


def _gap() -> tuple[Polyline, ...]:
    """Return a floor with twelve pits on each side, 3 wide and 8 deep."""
    right: list[Point] = []
    for k in range(12):
        x = 16.0 + 20.0 * k
        right += [(x, 0.0), (x, -8.0), (x + 3.0, -8.0), (x + 3.0, 0.0)]
    return _mirrored(right)


def _stairs() -> tuple[Polyline, ...]:
    """Return forty steps up on each side, rise 1, run 6."""
    right: list[Point] = []
    for k in range(40):
        x = 16.0 + 6.0 * k
        right += [(x, float(k)), (x, float(k + 1))]
    return _mirrored(right)


def _slope() -> tuple[Polyline, ...]:
    """Return a slope of 8 degrees up on each side, 500 u long in x, then level."""
    rise = 70.27041735119573  # 500 tan 8°
    return _mirrored([(16.0, 0.0), (516.0, rise)])


_TERRAINS: dict[str, Callable[[], tuple[Polyline, ...]]] = {
    "flat": _flat,
    "left_wall": _left_wall,
    "right_wall": _right_wall,
    "bumpy": _bumpy,
    "bumpy_right_wall": _bumpy_right_wall,
    "tunnel": _tunnel,
    "gap": _gap,
    "stairs": _stairs,
    "slope": _slope,
}


def terrain_arrays(polylines: Sequence[Polyline]) -> TerrainArrays:
    """Return outlines as the simulator reads them: faces, convex corners, buckets by x.

    Args:
        polylines: Each with at least two points, no two equal in a row; closed if the first
            point is the last. None at all is empty space.
    """
    faces = [face for line in polylines for face in _faces(line)]
    vertices = [vertex for line in polylines for vertex in _convex_vertices(line)]
    face_boxes = [
        _box((x, y), (x + tx * length, y + ty * length)) for x, y, tx, ty, length in faces
    ]
    vertex_boxes = [_box((vertex[0], vertex[1]), (vertex[0], vertex[1])) for vertex in vertices]
    face_start, face_rows = _sorted_into_buckets(faces, face_boxes, 5)
    vertex_start, vertex_rows = _sorted_into_buckets(vertices, vertex_boxes, 6)
    return TerrainArrays(
        faces=np.array(faces).reshape(-1, 5),
        vertices=np.array(vertices).reshape(-1, 6),
        face_start=face_start,
        face_rows=face_rows,
        vertex_start=vertex_start,
        vertex_rows=vertex_rows,
        top=_tops(face_boxes),
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """What a piece of ground covers: buckets from `first` to `last`, heights up to `top`."""

    first: int
    last: int
    top: float


def _faces(line: Polyline) -> list[tuple[float, float, float, float, float]]:
    """Return start, unit direction and length of every segment."""
    rows = []
    for (x0, y0), (x1, y1) in pairwise(line):
        dx, dy = x1 - x0, y1 - y0
        length = sqrt(dx * dx + dy * dy)
        rows.append((x0, y0, dx / length, dy / length, length))
    return rows


def _convex_vertices(line: Polyline) -> list[tuple[float, float, float, float, float, float]]:
    """Return every corner whose solid is convex (the line turns right), with both directions."""
    faces = _faces(line)
    pairs = list(pairwise(faces))
    if line[0] == line[-1]:
        pairs.append((faces[-1], faces[0]))
    return [
        (after[0], after[1], before[2], before[3], after[2], after[3])
        for before, after in pairs
        if before[2] * after[3] - before[3] * after[2] < 0.0
    ]


def _box(start: Point, end: Point) -> _Box:
    """Return what a segment covers, inflated by the reach of a contact."""
    return _Box(
        first=_bucket(min(start[0], end[0]) - CONTACT_REACH),
        last=_bucket(max(start[0], end[0]) + CONTACT_REACH),
        top=max(start[1], end[1]),
    )


def _bucket(x: float) -> int:
    """Return the bucket of x; the outer buckets reach to infinity."""
    return min(max(floor((x - BUCKET_LOW) / BUCKET_WIDTH), 0), NUM_BUCKETS - 1)


def _sorted_into_buckets(
    rows: Sequence[tuple[float, ...]], boxes: Sequence[_Box], width: int
) -> tuple[Starts, Floats]:
    """Return the first row of each bucket and the rows bucket by bucket, in their order."""
    starts, sorted_rows = [0], []
    for bucket in range(NUM_BUCKETS):
        sorted_rows += [
            row for row, box in zip(rows, boxes, strict=True) if box.first <= bucket <= box.last
        ]
        starts.append(len(sorted_rows))
    return np.array(starts, dtype=np.uint64), np.array(sorted_rows, dtype=float).reshape(-1, width)


def _tops(boxes: Sequence[_Box]) -> Floats:
    """Return the height per bucket above which a joint touches nothing within a substep.

    A joint crosses at most R/2 per substep, so a gap of more than R/2 never acts; 1 u more than
    the highest ground leaves room.
    """
    tops = np.full(NUM_BUCKETS, -np.inf)
    for box in boxes:
        span = slice(box.first, box.last + 1)
        tops[span] = np.maximum(tops[span], box.top + JOINT_RADIUS + 1.0)
    return tops
