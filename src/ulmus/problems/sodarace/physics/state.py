"""Walkers and ground as flat arrays: canonical order, placement, coefficients.

The canonical order makes results independent of the order of statements in a program, bit for
bit, and lets loads pass downwards within one sweep over the connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from ulmus.problems.sodarace.physics.constants import JOINT_RADIUS, Laws, Spring
from ulmus.problems.sodarace.physics.turns import sincos_turns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Starts = NDArray[np.uint64]
"""Where the rows of something begin; unsigned, so that the kernel need not look for negatives."""
Indices = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Connection:
    """A bone or a muscle between two joints.

    Attributes:
        i: Index of a joint.
        j: Index of another joint.
        stroke: Share of the rest length by which a muscle grows and shrinks, in [-0.3, 0.3];
            exactly 0.0 is a bone.
        phase: Phase of the muscle in turns; whole turns do not matter.
    """

    i: int
    j: int
    stroke: float = 0.0
    phase: float = 0.0


@dataclass(frozen=True, slots=True)
class Body:
    """A walker as the physics sees it.

    Attributes:
        joints: (x, y) per joint, u, y upwards.
        connections: Bones and muscles.
    """

    joints: tuple[tuple[float, float], ...]
    connections: tuple[Connection, ...]


@dataclass(frozen=True, eq=False)
class TerrainArrays:
    """The ground as the kernel reads it; rows are copied into every bucket that they reach.

    Attributes:
        faces: (num_faces, 5): start x, y, unit direction x, y, length. Solid is on the right.
        vertices: (num_vertices, 6): x, y, direction in x, y, direction out x, y; convex solid
            corners only.
        face_start: (num_buckets + 1,) first row of each bucket in `face_rows`.
        face_rows: As `faces`, bucket by bucket, in the order of `faces`.
        vertex_start: (num_buckets + 1,) first row of each bucket in `vertex_rows`.
        vertex_rows: As `vertices`, bucket by bucket, in the order of `vertices`.
        top: (num_buckets,) u; above this height nothing in the bucket can be touched.
    """

    faces: Floats
    vertices: Floats
    face_start: Starts
    face_rows: Floats
    vertex_start: Starts
    vertex_rows: Floats
    top: Floats


@dataclass(frozen=True, eq=False)
class Packed:
    """Walkers in flat arrays, one after the other; the kernel moves `joints` in place.

    Attributes:
        joints: (num_joints, 4): x, y in u, velocity x, y in u/s; canonical order.
        joint_start: (num_walkers + 1,) first joint of each walker.
        link_start: (num_joints + 1,) first connection of each joint as the lower end.
        other: (num_links,) upper end of each connection, counted over all walkers.
        links: (num_links, 5): rest length, alpha, beta, stroke x cos, stroke x sin of the phase.
        order: (num_joints,) index of each joint in its body.
        finite: (num_walkers,) 1, or 0 for a walker with a number that is not finite.
    """

    joints: Floats
    joint_start: Starts
    link_start: Starts
    other: Indices
    links: Floats
    order: Ints
    finite: Ints


def spring_coefficients(spring: Spring, substep_s: float) -> tuple[float, float]:
    """Return (alpha, beta) of the implicit spring impulse -(alpha v + beta (L - rest)).

    An implicit Euler step of a spring of stiffness k and damping d between two unit masses
    (reduced mass 1/2, inverse 2) gives the impulse  -(v + h k gam e)/(2 + gam)  with
    gam = 1/(h (d + h k)). Limits: k, d -> 0 gives no impulse; k -> infinity gives v/2, a rigid bar.
    """
    omega = 2.0 * 3.141592653589793 * spring.frequency_hz
    stiffness = omega * omega / 2.0
    damping = spring.damping_ratio * omega
    gamma = 1.0 / (substep_s * (damping + substep_s * stiffness))
    alpha = 1.0 / (2.0 + gamma)
    return alpha, substep_s * stiffness * gamma * alpha


@lru_cache(maxsize=16)
def _coefficients(laws: Laws) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (alpha, beta) of a muscle and of a bone."""
    h = laws.substep_s
    return spring_coefficients(laws.muscle, h), spring_coefficients(laws.bone, h)


def canonical_order(joints: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the joints by y descending, then x ascending."""
    return sorted(range(len(joints)), key=lambda k: (-joints[k][1], joints[k][0]))


def place(joints: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the joints centred on x = 0, the lowest just touching the floor y = 0."""
    xs = [x for x, _ in joints]
    centre = (min(xs) + max(xs)) / 2.0
    low = min(y for _, y in joints) - JOINT_RADIUS
    return [(x - centre, y - low) for x, y in joints]


def canonical_links(
    connections: Sequence[Connection], rank: Sequence[int]
) -> list[tuple[int, int, float, float]]:
    """Return (i, j, stroke, phase) with i < j in canonical numbers, sorted by (i, j)."""
    links = []
    for link in connections:
        i, j = rank[link.i], rank[link.j]
        links.append((i, j, link.stroke, link.phase) if i < j else (j, i, link.stroke, link.phase))
    links.sort(key=lambda link: (link[0], link[1]))
    return links


@lru_cache(maxsize=4096)
def wave_parts(stroke: float, phase: float) -> tuple[float, float]:
    """Return (A cos, A sin) of the phase: A sin(wt + phase) = (A cos) sin wt + (A sin) cos wt."""
    sine, cosine = sincos_turns(phase)
    return stroke * cosine, stroke * sine


class _Packer:
    """Collects walkers in plain lists, which is faster than one array per walker."""

    def __init__(self, laws: Laws) -> None:
        self.muscle, self.bone = _coefficients(laws)
        self.joints: list[tuple[float, float, float, float]] = []
        self.joint_start = [0]
        self.link_start = [0]
        self.other: list[int] = []
        self.links: list[tuple[float, float, float, float, float]] = []
        self.order: list[int] = []
        self.finite: list[int] = []

    def add(self, body: Body) -> None:
        """Append one walker; a walker that is not finite is replaced by a joint at rest."""
        finite = _is_finite(body)
        if not finite:
            body = _NOTHING
        order = canonical_order(body.joints)
        rank = [0] * len(order)
        for new, old in enumerate(order):
            rank[old] = new
        placed = place([body.joints[k] for k in order])
        self._add_links(placed, canonical_links(body.connections, rank))
        self.joints += [(x, y, 0.0, 0.0) for x, y in placed]
        self.order += order
        self.joint_start.append(len(self.joints))
        self.finite.append(int(finite))

    def _add_links(
        self, placed: list[tuple[float, float]], links: list[tuple[int, int, float, float]]
    ) -> None:
        base = len(self.joints)
        counts = [0] * len(placed)
        for i, j, stroke, phase in links:
            counts[i] += 1
            self.other.append(base + j)
            dx, dy = placed[j][0] - placed[i][0], placed[j][1] - placed[i][1]
            length = sqrt(dx * dx + dy * dy)
            if stroke == 0.0:
                self.links.append((length, *self.bone, 0.0, 0.0))
            else:
                self.links.append((length, *self.muscle, *wave_parts(stroke, phase)))
        total = self.link_start[-1]
        for count in counts:
            total += count
            self.link_start.append(total)

    def arrays(self) -> Packed:
        """Return everything that was added."""
        return Packed(
            joints=np.array(self.joints, dtype=np.float64).reshape(-1, 4),
            joint_start=np.array(self.joint_start, dtype=np.uint64),
            link_start=np.array(self.link_start, dtype=np.uint64),
            other=np.array(self.other, dtype=np.uint32),
            links=np.array(self.links, dtype=np.float64).reshape(-1, 5),
            order=np.array(self.order, dtype=np.int64),
            finite=np.array(self.finite, dtype=np.int64),
        )


_NOTHING = Body(((0.0, 0.0),), ())
_LARGEST = 1e100  # squares of coordinates stay finite


def _is_finite(body: Body) -> bool:
    """Tell whether every number of a body is finite and small enough to be squared."""
    return (
        len(body.joints) > 0
        and all(-_LARGEST < x < _LARGEST and -_LARGEST < y < _LARGEST for x, y in body.joints)
        and all(isfinite(link.stroke) and isfinite(link.phase) for link in body.connections)
    )


def pack(bodies: Sequence[Body], laws: Laws) -> Packed:
    """Return walkers as flat arrays: placed on the floor, in canonical order, at rest."""
    packer = _Packer(laws)
    for body in bodies:
        packer.add(body)
    return packer.arrays()


@lru_cache(maxsize=16)
def wave_table(laws: Laws, settle_steps: int, run_steps: int) -> Floats:
    """Return the muscle wave: (settle_steps + run_steps, 2), ramped sine and cosine in [-1, 1].

    Zero while settling; then n counts substeps since the clock started.
    """
    table = np.zeros((settle_steps + run_steps, 2))
    h = laws.substep_s
    for n in range(run_steps):
        turns = n * h / laws.wave_period_s
        sine, cosine = sincos_turns(turns - floor(turns))
        ramp = min(1.0, n * h / laws.ramp_s)
        table[settle_steps + n] = ramp * sine, ramp * cosine
    table.setflags(write=False)
    return table
