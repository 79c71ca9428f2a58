"""The same physics in slow, readable Python: the oracle that the kernel is tested against.

Shares only the constants, the sine of turns and the ground's faces with the kernel. It knows no
buckets, no shortcuts and no flat arrays, and takes about 0.2 s for a walker of ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, pi, sqrt

from ulmus.problems.sodarace.physics.constants import (
    CONTACT_REACH,
    DEFAULT_LAWS,
    JOINT_RADIUS,
    PROJECTION,
    RUN_S,
    SETTLE_S,
    SHORTEST_LENGTH,
    Laws,
    Spring,
)
from ulmus.problems.sodarace.physics.state import Body, TerrainArrays
from ulmus.problems.sodarace.physics.turns import sincos_turns


@dataclass(slots=True)
class Joint:
    """A point of mass 1: position in u, velocity in u/s."""

    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """A connection between two joints, with its two spring coefficients and its wave."""

    a: Joint
    b: Joint
    rest_length: float
    alpha: float
    beta: float
    wave_sine: float
    wave_cosine: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Faces (x, y, tx, ty, length) and convex corners (x, y, direction in, direction out)."""

    faces: list[list[float]]
    vertices: list[list[float]]


class Walker:
    """One walker in its world, advanced substep by substep.

    Attributes:
        joints: In canonical order.
        links: In canonical order.
        clamps: How often a joint was slowed down to the top speed.
    """

    def __init__(self, body: Body, terrain: TerrainArrays, laws: Laws = DEFAULT_LAWS) -> None:
        self.laws = laws
        self.ground = Ground(terrain.faces.tolist(), terrain.vertices.tolist())
        self.clamps = 0
        order = sorted(
            range(len(body.joints)), key=lambda k: (-body.joints[k][1], body.joints[k][0])
        )
        xs, ys = zip(*body.joints, strict=True)
        centre, low = (min(xs) + max(xs)) / 2.0, min(ys) - JOINT_RADIUS
        self.joints = [Joint(xs[k] - centre, ys[k] - low) for k in order]
        rank = {old: new for new, old in enumerate(order)}
        ends = [
            (*sorted((rank[link.i], rank[link.j])), link.stroke, link.phase)
            for link in body.connections
        ]
        ends.sort(key=lambda end: (end[0], end[1]))
        self.links = [self._link(int(i), int(j), stroke, phase) for i, j, stroke, phase in ends]

    def _link(self, i: int, j: int, stroke: float, phase: float) -> Link:
        """Return the connection of two joints at its rest length."""
        a, b = self.joints[i], self.joints[j]
        dx, dy = b.x - a.x, b.y - a.y
        spring = self.laws.bone if stroke == 0.0 else self.laws.muscle
        alpha, beta = _alpha_beta(spring, self.laws.substep_s)
        sine, cosine = sincos_turns(phase)
        length = sqrt(dx * dx + dy * dy)
        return Link(a, b, length, alpha, beta, stroke * cosine, stroke * sine)

    def substep(self, wave_sine: float = 0.0, wave_cosine: float = 0.0) -> None:
        """Advance by one substep of `laws.substep_s`, with the muscle wave at this moment."""
        h, factor = self.laws.substep_s, self.laws.drag_factor
        for joint in self.joints:
            joint.vx = joint.vx * factor
            joint.vy = (joint.vy - self.laws.gravity * h) * factor
        for link in self.links:
            _pull(link, wave_sine, wave_cosine)
        for joint in self.joints:
            self.clamps += _clamp(joint, self.laws.top_speed)
            for mx, my, gap in _contacts(joint, self.ground):
                _touch(joint, mx, my, gap, self.laws)
            joint.x = joint.x + h * joint.vx
            joint.y = joint.y + h * joint.vy
            _project(joint, self.ground)

    def mean_x(self) -> float:
        """Return the mean x of the joints, summed in order."""
        total = 0.0
        for joint in self.joints:
            total += joint.x
        return total / len(self.joints)


def _alpha_beta(spring: Spring, h: float) -> tuple[float, float]:
    """Return the coefficients of the impulse -(alpha v + beta (L - rest))."""
    w = 2.0 * pi * spring.frequency_hz
    k = w * w / 2.0
    d = spring.damping_ratio * w
    gam = 1.0 / (h * (d + h * k))
    alpha = 1.0 / (2.0 + gam)
    return alpha, h * k * gam * alpha


def _pull(link: Link, wave_sine: float, wave_cosine: float) -> None:
    """Apply the impulse of one connection to its two joints."""
    a, b = link.a, link.b
    ex, ey = b.x - a.x, b.y - a.y
    length = sqrt(ex * ex + ey * ey)
    if length < SHORTEST_LENGTH:
        return
    nx, ny = ex / length, ey / length
    rest = link.rest_length * (1.0 + link.wave_sine * wave_sine + link.wave_cosine * wave_cosine)
    speed = nx * (b.vx - a.vx) + ny * (b.vy - a.vy)
    impulse = -(link.alpha * speed + link.beta * (length - rest))
    a.vx -= impulse * nx
    a.vy -= impulse * ny
    b.vx += impulse * nx
    b.vy += impulse * ny


def _clamp(joint: Joint, top_speed: float) -> int:
    """Slow a joint down to the top speed; return 1 if it was faster."""
    square = joint.vx * joint.vx + joint.vy * joint.vy
    if square <= top_speed * top_speed:
        return 0
    scale = top_speed / sqrt(square)
    joint.vx *= scale
    joint.vy *= scale
    return 1


def _near_faces(joint: Joint, ground: Ground) -> Iterator[tuple[float, float, float]]:
    """Yield normal and distance of the faces beside a joint, seen from where it is then."""
    for ax, ay, tx, ty, length in ground.faces:
        qx, qy = joint.x - ax, joint.y - ay
        along = qx * tx + qy * ty
        dist = qy * tx - qx * ty
        if 0.0 <= along <= length and abs(dist) <= CONTACT_REACH:
            yield -ty, tx, dist


def _contacts(joint: Joint, ground: Ground) -> Iterator[tuple[float, float, float]]:
    """Yield normal and gap of every contact of a joint: faces first, then convex corners."""
    for mx, my, dist in _near_faces(joint, ground):
        yield mx, my, dist - JOINT_RADIUS
    for cx, cy, in_x, in_y, out_x, out_y in ground.vertices:
        qx, qy = joint.x - cx, joint.y - cy
        dist = sqrt(qx * qx + qy * qy)
        beyond = qx * in_x + qy * in_y > 0.0 and qx * out_x + qy * out_y < 0.0
        if beyond and dist <= CONTACT_REACH:
            yield qx / dist, qy / dist, dist - JOINT_RADIUS


def _touch(joint: Joint, mx: float, my: float, gap: float, laws: Laws) -> None:
    """Solve one contact: no approach beyond the gap, and Coulomb friction."""
    normal = joint.vx * mx + joint.vy * my
    target = -gap / laws.substep_s if gap >= 0.0 else 0.0
    if normal >= target:
        return
    push = target - normal
    along = joint.vx * my - joint.vy * mx
    limit = laws.friction * push
    change = max(-limit, min(limit, -along))
    joint.vx += push * mx + change * my
    joint.vy += push * my - change * mx


def _project(joint: Joint, ground: Ground) -> None:
    """Take back a part of the overlap with faces; changes no velocity."""
    for mx, my, dist in _near_faces(joint, ground):
        if dist < JOINT_RADIUS:
            depth = PROJECTION * (JOINT_RADIUS - dist)
            joint.x += depth * mx
            joint.y += depth * my


def wave_at(n: int, laws: Laws) -> tuple[float, float]:
    """Return ramped sine and cosine of the muscle wave, n substeps after the clock started."""
    turns = n * laws.substep_s / laws.wave_period_s
    sine, cosine = sincos_turns(turns - floor(turns))
    ramp = min(1.0, n * laws.substep_s / laws.ramp_s)
    return ramp * sine, ramp * cosine


def trace(
    body: Body,
    terrain: TerrainArrays,
    *,
    seconds: float = RUN_S,
    settle_s: float = SETTLE_S,
    laws: Laws = DEFAULT_LAWS,
) -> tuple[Walker, Sequence[float]]:
    """Run a walker; return it at the end, and its mean x at the ends of the four quarters.

    Args:
        body: A walker with finite numbers.
        terrain: The ground.
        seconds: Time with the clock running.
        settle_s: Time before it.
        laws: The laws of the world.

    Returns:
        The walker as it ends, and five values in u, the first from when the clock started.
    """
    walker = Walker(body, terrain, laws)
    for _ in range(round(settle_s * laws.substeps_hz)):
        walker.substep()
    steps = round(seconds * laws.substeps_hz)
    ends = {steps * quarter // 4 for quarter in range(5)}
    means = []
    for n in range(steps + 1):
        if n in ends:
            means.append(walker.mean_x())
        if n < steps:
            walker.substep(*wave_at(n, laws))
    return walker, means
