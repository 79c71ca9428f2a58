"""The compiled simulator: many walkers, one after the other, each independent of the others.

The arithmetic is plain: no fastmath, no contraction of a*b + c, no parallel sums, sqrt(x*x + y*y)
instead of hypot, no sine or cosine. So the results are the same bits in every batch, process and
thread, and equal to those of `reference.py`, which is the same in readable Python.

Where the kernel differs from the reference in form, and why the bits stay equal:
    - The connections of one lower joint follow each other (canonical order), so the velocity of
      that joint stays in registers.
    - A joint above everything that it could touch within a substep skips the ground: a contact at
      a gap of more than top speed x substep = 0.125 u never acts.
    - Only the ground of a joint's bucket is looked at; a bucket holds all that is within 1 u.
    - `speed² <= top²` fails for anything that is not a number, so positions stay finite without a
      check of their own: the walker stops before the broken velocity reaches a position.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from ulmus.machine_code import compiled, kept
from ulmus.problems.sodarace.physics.constants import (
    BUCKET_LOW,
    BUCKET_WIDTH,
    CONTACT_REACH,
    JOINT_RADIUS,
    NUM_BUCKETS,
    PROJECTION,
    SHORTEST_LENGTH,
)

if TYPE_CHECKING:
    from ulmus.problems.sodarace.physics.state import Floats, Indices, Ints, Starts

_INVERSE_WIDTH = 1.0 / BUCKET_WIDTH  # exact: the width is a power of two
_LAST_BUCKET = NUM_BUCKETS - 1


@compiled
def _bucket(x: float) -> int:
    """Return the bucket of a finite x."""
    place = (x - BUCKET_LOW) * _INVERSE_WIDTH
    if place < 1.0:
        return 0
    if place >= _LAST_BUCKET:
        return _LAST_BUCKET
    return int(place)


@compiled
def _touch(
    vx: float, vy: float, mx: float, my: float, gap: float, h: float, friction: float
) -> tuple[float, float]:
    """Return the velocity after one contact with normal m; never faster than before."""
    normal = vx * mx + vy * my
    if normal < 0.0:
        target = -gap / h if gap >= 0.0 else 0.0
        if normal < target:
            push = target - normal
            along = vx * my - vy * mx
            limit = friction * push
            change = -along
            if change > limit:
                change = limit
            elif change < -limit:
                change = -limit
            vx = vx + (push * mx + change * my)
            vy = vy + (push * my - change * mx)
    return vx, vy


@compiled
def _sweep(
    joints: Floats,
    link_start: Starts,
    other: Indices,
    links: Floats,
    first: int,
    last: int,
    wave_sine: float,
    wave_cosine: float,
) -> None:
    """Apply the impulse of every connection of one walker, in order; positions stay frozen."""
    for i in range(first, last):
        start, stop = link_start[i], link_start[i + 1]
        if start == stop:
            continue
        xi, yi, vxi, vyi = joints[i, 0], joints[i, 1], joints[i, 2], joints[i, 3]
        for c in range(start, stop):
            j = other[c]
            ex = joints[j, 0] - xi
            ey = joints[j, 1] - yi
            length = sqrt(ex * ex + ey * ey)
            if length < SHORTEST_LENGTH:
                continue
            nx = ex / length
            ny = ey / length
            vxj, vyj = joints[j, 2], joints[j, 3]
            rest = links[c, 0] * (1.0 + links[c, 3] * wave_sine + links[c, 4] * wave_cosine)
            speed = nx * (vxj - vxi) + ny * (vyj - vyi)
            pull = links[c, 1] * speed + links[c, 2] * (length - rest)
            vxi += pull * nx
            vyi += pull * ny
            joints[j, 2] = vxj - pull * nx
            joints[j, 3] = vyj - pull * ny
        joints[i, 2] = vxi
        joints[i, 3] = vyi


@compiled
def _move(
    joints: Floats,
    k: int,
    bucket: int,
    face_start: Starts,
    faces: Floats,
    vertex_start: Starts,
    vertices: Floats,
    h: float,
    friction: float,
) -> None:
    """Solve the contacts of one joint near the ground, move it, and take back overlap."""
    x, y, vx, vy = joints[k, 0], joints[k, 1], joints[k, 2], joints[k, 3]
    start, stop = face_start[bucket], face_start[bucket + 1]
    for f in range(start, stop):
        qx, qy, tx, ty = x - faces[f, 0], y - faces[f, 1], faces[f, 2], faces[f, 3]
        dist = qy * tx - qx * ty
        if abs(dist) <= CONTACT_REACH:
            along = qx * tx + qy * ty
            if 0.0 <= along <= faces[f, 4]:
                vx, vy = _touch(vx, vy, -ty, tx, dist - JOINT_RADIUS, h, friction)
    for f in range(vertex_start[bucket], vertex_start[bucket + 1]):
        qx, qy = x - vertices[f, 0], y - vertices[f, 1]
        if (
            qx * vertices[f, 2] + qy * vertices[f, 3] > 0.0
            and qx * vertices[f, 4] + qy * vertices[f, 5] < 0.0
        ):
            dist = sqrt(qx * qx + qy * qy)
            if dist <= CONTACT_REACH:
                vx, vy = _touch(vx, vy, qx / dist, qy / dist, dist - JOINT_RADIUS, h, friction)
    x += h * vx
    y += h * vy
    for f in range(start, stop):
        qx, qy, tx, ty = x - faces[f, 0], y - faces[f, 1], faces[f, 2], faces[f, 3]
        dist = qy * tx - qx * ty
        if dist < JOINT_RADIUS and dist >= -CONTACT_REACH:
            along = qx * tx + qy * ty
            if 0.0 <= along <= faces[f, 4]:
                depth = PROJECTION * (JOINT_RADIUS - dist)
                x -= depth * ty
                y += depth * tx
    joints[k, 0], joints[k, 1], joints[k, 2], joints[k, 3] = x, y, vx, vy


@compiled
def _note(
    joints: Floats, first: int, last: int, paths: Floats, means: Floats, walker: int, mark: int
) -> None:
    """Write the positions of one walker and their mean, summed in order."""
    sum_x = 0.0
    sum_y = 0.0
    for k in range(first, last):
        paths[mark, k, 0] = joints[k, 0]
        paths[mark, k, 1] = joints[k, 1]
        sum_x += joints[k, 0]
        sum_y += joints[k, 1]
    means[walker, mark, 0] = sum_x / (last - first)
    means[walker, mark, 1] = sum_y / (last - first)


@kept(*sorted(Path(__file__).parent.glob("*.py")))
def run(
    joints: Floats,
    joint_start: Starts,
    link_start: Starts,
    other: Indices,
    links: Floats,
    finite: Ints,
    clamps: Ints,
    wave: Floats,
    marks: Ints,
    paths: Floats,
    means: Floats,
    face_start: Starts,
    faces: Floats,
    vertex_start: Starts,
    vertices: Floats,
    top: Floats,
    laws: Floats,
) -> None:
    """Advance every walker to the last mark and note it at every mark.

    Args:
        joints: (num_joints, 4), moved in place; this and the next five as in `state.Packed`.
        joint_start: (num_walkers + 1,).
        link_start: (num_joints + 1,).
        other: (num_links,).
        links: (num_links, 5).
        finite: (num_walkers,), set to 0 for a walker that breaks; it stays where it was.
        clamps: (num_walkers,), how often a joint was slowed down to the top speed.
        wave: (num_substeps, 2), see `state.wave_table`.
        marks: (num_marks,) ascending numbers of substeps, from 0.
        paths: (num_marks, num_joints, 2), positions at every mark.
        means: (num_walkers, num_marks, 2), mean position at every mark.
        face_start: This and the next four as in `state.TerrainArrays`.
        faces: Rows of faces.
        vertex_start: Rows of the buckets.
        vertices: Rows of vertices.
        top: Height of the ground.
        laws: (5,) substep in s, g h in u/s, drag factor, friction, top speed in u/s.
    """
    # One long function on purpose: with the substep in a function of its own, small walkers take
    # a quarter longer and compiling takes 0.3 s more (measured).
    h, fall, factor, friction, top_speed = laws[0], laws[1], laws[2], laws[3], laws[4]
    for walker in range(len(finite)):
        first, last = joint_start[walker], joint_start[walker + 1]
        n = 0
        for mark in range(len(marks)):
            while n < marks[mark] and finite[walker] == 1:
                for k in range(first, last):
                    joints[k, 2] *= factor
                    joints[k, 3] = (joints[k, 3] - fall) * factor
                _sweep(joints, link_start, other, links, first, last, wave[n, 0], wave[n, 1])
                for k in range(first, last):
                    vx, vy = joints[k, 2], joints[k, 3]
                    square = vx * vx + vy * vy
                    if not square <= top_speed * top_speed:
                        scale = top_speed / sqrt(square)
                        joints[k, 2] = vx * scale
                        joints[k, 3] = vy * scale
                        clamps[walker] += 1
                        if not abs(joints[k, 2]) + abs(joints[k, 3]) <= 2.0 * top_speed:
                            finite[walker] = 0
                            break
                    bucket = _bucket(joints[k, 0])
                    if joints[k, 1] > top[bucket]:
                        joints[k, 0] += h * joints[k, 2]
                        joints[k, 1] += h * joints[k, 3]
                    else:
                        _move(
                            joints,
                            k,
                            bucket,
                            face_start,
                            faces,
                            vertex_start,
                            vertices,
                            h,
                            friction,
                        )
                n += 1
            _note(joints, first, last, paths, means, walker, mark)
