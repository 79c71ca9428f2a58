"""A walker as validated plain data, and what can be read off it without simulating.

Trusted code: nothing that a program returned is believed. The form is the dict of the ELM paper
(Lehman et al. 2022, arXiv 2206.08896): "joints" is a list of (x, y), "muscles" a list of
[i, j, properties] with properties {"type": "distance"} for a bone and {"type": "muscle",
"amplitude": stroke in u, "phase": turns} for a muscle. Further keys are ignored. What the paper
leaves open (limits, unit of the phase) is decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, fsum, sqrt

from ulmus.problems.sodarace.physics.state import Body, Connection
from ulmus.records import Json

MOST_JOINTS = 300
MOST_CONNECTIONS = 1000
LARGEST_EXTENT = 30.0
"""u. Largest width and height: the ends of the default map."""

NEAREST = 0.1
"""u. Joints closer than this are refused; `walk_creator` makes one of them."""

STROKE = 0.3
"""Largest stroke as a share of the rest length (the paper's Square: 2.12 of 7.07)."""

STROKE_SLACK = 0.005
"""u. A stroke may be printed with two decimals, as in the paper; it is cut to 0.3 nevertheless."""

_LARGEST = sys.float_info.max

Joint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why something is not a walker: a short phrase with few distinct values."""

    reason: str


@dataclass(frozen=True)
class Walker:
    """A valid walker, in the order in which its program made it.

    Attributes:
        joints: (x, y) per joint, u, y upwards.
        connections: Bones (stroke 0) and muscles; phase in [0, 1) turns.
    """

    joints: tuple[Joint, ...]
    connections: tuple[Connection, ...]

    @property
    def height(self) -> float:
        """Return the extent in y, u."""
        return _extent([y for _, y in self.joints])

    @property
    def width(self) -> float:
        """Return the extent in x, u."""
        return _extent([x for x, _ in self.joints])

    @property
    def mass(self) -> float:
        """Return the number of joints + half the summed rest lengths, whatever their order."""
        lengths = [_length(self.joints[link.i], self.joints[link.j]) for link in self.connections]
        return len(self.joints) + fsum(lengths) / 2.0

    @property
    def body(self) -> Body:
        """Return the walker as the simulator takes it."""
        return Body(self.joints, self.connections)

    def to_json(self) -> dict[str, Json]:
        """Return the walker as the dict that `parse_walker` reads."""
        return {
            "joints": [list(joint) for joint in self.joints],
            "muscles": [[link.i, link.j, self._properties(link)] for link in self.connections],
        }

    def _properties(self, link: Connection) -> dict[str, Json]:
        if link.stroke == 0.0:
            return {"type": "distance"}
        stroke = link.stroke * _length(self.joints[link.i], self.joints[link.j])
        return {"type": "muscle", "amplitude": stroke, "phase": link.phase}


def parse_walker(value: Json) -> Walker | Invalid:
    """Return the walker that a value describes, or why it describes none; never raises.

    Checked from cheap to dear: types and counts, then numbers, size, links, distances, and that
    the graph is connected. Nothing is looked at one by one before its count is known to be small.
    """
    try:
        joints, muscles = _lists(value)
        points = [_joint(joint) for joint in joints]
        _check_extents(points)
        connections = _connections(muscles, points)
        _check_distances(points)
        _check_connected(len(points), connections)
    except _NoWalker as fault:
        return Invalid(f"walker: {fault}")
    return Walker(tuple(points), tuple(connections))


class _NoWalker(Exception):
    """Carries a reason from a check to `parse_walker`; never leaves this module."""


def _lists(value: Json) -> tuple[Sequence[Json], Sequence[Json]]:
    """Return joints and muscles, both of allowed length."""
    if not isinstance(value, dict):
        raise _NoWalker("nothing returned" if value is None else "not a dict")
    joints, muscles = value.get("joints"), value.get("muscles")
    if not isinstance(joints, (list, tuple)):
        raise _NoWalker("no list of joints")
    if not isinstance(muscles, (list, tuple)):
        raise _NoWalker("no list of muscles")
    if len(joints) < 2:
        raise _NoWalker("fewer than 2 joints")
    if len(joints) > MOST_JOINTS:
        raise _NoWalker(f"more than {MOST_JOINTS} joints")
    if not muscles:
        raise _NoWalker("no connections")
    if len(muscles) > MOST_CONNECTIONS:
        raise _NoWalker(f"more than {MOST_CONNECTIONS} connections")
    return joints, muscles


def _is_finite(value: object) -> bool:
    """Tell whether a value is an int or a finite float; bools are neither."""
    return (type(value) is float or type(value) is int) and -_LARGEST <= value <= _LARGEST


def _joint(joint: Json) -> Joint:
    if not isinstance(joint, (list, tuple)) or len(joint) != 2:
        raise _NoWalker("joint is not a pair of finite numbers")
    x, y = joint
    if not (_is_finite(x) and _is_finite(y)):
        raise _NoWalker("joint is not a pair of finite numbers")
    return float(x), float(y)  # type: ignore[arg-type]


def _extent(values: list[float]) -> float:
    return max(values) - min(values)


def _check_extents(points: Sequence[Joint]) -> None:
    if _extent([x for x, _ in points]) > LARGEST_EXTENT:
        raise _NoWalker(f"wider than {LARGEST_EXTENT:g} u")
    if _extent([y for _, y in points]) > LARGEST_EXTENT:
        raise _NoWalker(f"higher than {LARGEST_EXTENT:g} u")


def _connections(muscles: Sequence[Json], points: Sequence[Joint]) -> list[Connection]:
    """Return all links with indices in range, each pair once."""
    pairs: set[tuple[int, int]] = set()
    connections = []
    for muscle in muscles:
        if not isinstance(muscle, (list, tuple)) or len(muscle) != 3:
            raise _NoWalker("connection is not [i, j, properties]")
        i, j, properties = muscle
        if type(i) is not int or type(j) is not int:
            raise _NoWalker("index is not an integer")
        if not (0 <= i < len(points) and 0 <= j < len(points)):
            raise _NoWalker("index out of range")
        if i == j:
            raise _NoWalker("joint connected to itself")
        pairs.add((i, j) if i < j else (j, i))
        stroke, phase = _drive(properties, points[i], points[j])
        connections.append(Connection(i, j, stroke, phase))
    if len(pairs) < len(connections):
        raise _NoWalker("two connections between the same joints")
    return connections


def _drive(properties: Json, a: Joint, b: Joint) -> tuple[float, float]:
    """Return stroke (share of the rest length) and phase in [0, 1) turns; 0 and 0 for a bone."""
    if not isinstance(properties, dict):
        raise _NoWalker("properties are not a dict")
    kind = properties.get("type")
    if kind == "distance":
        return 0.0, 0.0
    if kind != "muscle":
        raise _NoWalker("connection is neither distance nor muscle")
    amplitude, phase = properties.get("amplitude"), properties.get("phase")
    if not _is_finite(amplitude):
        raise _NoWalker("amplitude is not a finite number")
    if not _is_finite(phase):
        raise _NoWalker("phase is not a finite number")
    return _stroke(float(amplitude), _length(a, b)), _fraction(float(phase))  # type: ignore[arg-type]


def _stroke(amplitude: float, rest_length: float) -> float:
    """Return a stroke in u as a share of the rest length, in [-0.3, 0.3]."""
    if abs(amplitude) > STROKE * rest_length + STROKE_SLACK:
        raise _NoWalker(f"amplitude beyond {STROKE:g} of rest length")
    if rest_length == 0.0:
        return 0.0  # refused later, as joints too close
    return min(max(amplitude / rest_length, -STROKE), STROKE)


def _fraction(turns: float) -> float:
    """Return a phase without its whole turns, in [0, 1)."""
    fraction = turns - floor(turns)
    return fraction if fraction < 1.0 else 0.0  # a tiny negative phase rounds to 1


def _length(a: Joint, b: Joint) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    return sqrt(dx * dx + dy * dy)


def _check_distances(points: Sequence[Joint]) -> None:
    """Refuse joints closer than 0.1, looking only at neighbours along one oblique direction.

    The direction (0.8, 0.6) is one along which rows and columns of a grid do not pile up. Places
    along it are taken from the corner, since far from 0 the sums would be coarse; distances are
    taken as `walk_creator` takes them, so that two joints that it kept apart are apart here.
    """
    left, low = min(x for x, _ in points), min(y for _, y in points)
    line = sorted((0.8 * (x - left) + 0.6 * (y - low), x, y) for x, y in points)
    for k, (place, x, y) in enumerate(line):
        end = place + NEAREST + 1e-6
        for other in range(k + 1, len(line)):
            far, x2, y2 = line[other]
            if far > end:
                break
            if (x2 - x) * (x2 - x) + (y2 - y) * (y2 - y) < NEAREST * NEAREST:
                raise _NoWalker(f"joints closer than {NEAREST:g} u")


def _check_connected(num_joints: int, connections: Sequence[Connection]) -> None:
    """Refuse a walker in several pieces (union-find with path halving)."""
    parent = list(range(num_joints))
    pieces = num_joints
    for link in connections:
        i, j = _root(parent, link.i), _root(parent, link.j)
        if i != j:
            parent[i] = j
            pieces -= 1
    if pieces > 1:
        raise _NoWalker("connections not connected")


def _root(parent: list[int], k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k
