"""Bodies in, motions out: the two calls that others use, `simulate` and `record`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ulmus.problems.sodarace.physics.constants import (
    DEFAULT_LAWS,
    RUN_S,
    SETTLE_S,
    STILL_DISTANCE,
    Laws,
)
from ulmus.problems.sodarace.physics.state import (
    Body,
    Connection,
    Floats,
    Ints,
    Packed,
    TerrainArrays,
    pack,
    wave_table,
)


@dataclass(frozen=True, slots=True)
class Motion:
    """How a walker moved.

    Attributes:
        displacement: Change of the mean x of the joints while the clock ran, u, signed.
        distance: Its absolute value, u; 0.0 if below 1e-6.
        sustained: 4 x the smallest progress of the four quarters in the direction of the
            displacement, u, at least 0; cuts off what toppled once and then lay still.
        mean_y: Mean y of the joints at the end, u.
        clamps: How often a joint had to be slowed down to the top speed.
        finite: False if a number overflowed; the other figures are then 0.
    """

    displacement: float
    distance: float
    sustained: float
    mean_y: float
    clamps: int
    finite: bool


@dataclass(frozen=True, eq=False)
class Frames:
    """A walker in motion.

    Attributes:
        positions: (num_frames, num_joints, 2): x, y in u, joints in the order of the body.
        fps: Frames per second.
        num_settling: How many of the first frames show the settling, before the clock starts.
    """

    positions: Floats
    fps: float
    num_settling: int


BROKEN = Motion(0.0, 0.0, 0.0, 0.0, 0, False)


@dataclass(frozen=True, eq=False)
class Trace:
    """What the kernel noted at every mark.

    Attributes:
        paths: (num_marks, num_joints, 2): x, y in u, canonical order.
        means: (num_walkers, num_marks, 2): mean x, y of the joints, u.
        clamps: (num_walkers,) how often a joint was slowed down to the top speed.
    """

    paths: Floats
    means: Floats
    clamps: Ints


def simulate(
    bodies: Sequence[Body],
    terrain: TerrainArrays,
    *,
    seconds: float = RUN_S,
    settle_s: float = SETTLE_S,
    laws: Laws = DEFAULT_LAWS,
) -> list[Motion]:
    """Return how each walker moves, in the order of the bodies.

    Results depend neither on the batch nor on the order of joints and connections.

    Args:
        bodies: Walkers, each alone in its world.
        terrain: The ground.
        seconds: Time with the clock running, rounded to whole substeps.
        settle_s: Time before, muscles still, rounded to whole substeps.
        laws: The laws of the world.

    Raises:
        ValueError: A time is negative or not finite.
    """
    settle, steps = _substeps(settle_s, laws), _substeps(seconds, laws)
    packed = pack(bodies, laws)
    marks = [settle + steps * quarter // 4 for quarter in range(5)]
    trace = advance(packed, terrain, wave_table(laws, settle, steps), marks, laws)
    return [
        _motion(means, clamps) if finite else BROKEN
        for means, clamps, finite in zip(
            trace.means.tolist(), trace.clamps.tolist(), packed.finite.tolist(), strict=True
        )
    ]


def record(
    body: Body,
    terrain: TerrainArrays,
    *,
    seconds: float = RUN_S,
    settle_s: float = SETTLE_S,
    fps: float = 30.0,
    laws: Laws = DEFAULT_LAWS,
) -> Frames:
    """Return the way of one walker, bit-equal to the one that `simulate` measures.

    Args:
        body: The walker.
        terrain: The ground.
        seconds: Time with the clock running.
        settle_s: Time before it; its frames come first (see `Frames.num_settling`).
        fps: Frames per second; each frame shows the nearest substep.
        laws: The laws of the world.

    Returns:
        The frames; a walker that breaks stays where it broke, and one with numbers that are not
        finite has no frames.

    Raises:
        ValueError: A time is negative or not finite, or `fps` is not positive.
    """
    if not fps > 0.0:
        raise ValueError(f"fps must be positive, not {fps}")
    settle, steps = _substeps(settle_s, laws), _substeps(seconds, laws)
    packed = pack([body], laws)
    if not packed.finite[0]:
        return Frames(np.zeros((0, len(body.joints), 2)), fps, 0)
    per_frame = laws.substeps_hz / fps
    before = [settle - round(per_frame * k) for k in range(int(settle / per_frame), 0, -1)]
    after = [settle + round(per_frame * k) for k in range(int(steps / per_frame) + 1)]
    trace = advance(packed, terrain, wave_table(laws, settle, steps), before + after, laws)
    positions = np.empty_like(trace.paths)
    positions[:, packed.order] = trace.paths
    return Frames(positions, fps, len(before))


def advance(
    packed: Packed, terrain: TerrainArrays, wave: Floats, marks: Sequence[int], laws: Laws
) -> Trace:
    """Move packed walkers in place up to the last mark and note them at every mark.

    Args:
        packed: The walkers; their `joints` and `finite` change.
        terrain: The ground.
        wave: (num_substeps, 2), see `state.wave_table`; at least as long as the last mark.
        marks: Ascending numbers of substeps.
        laws: The laws of the world.
    """
    from ulmus.problems.sodarace.physics.kernel import run

    num_walkers, num_marks = len(packed.finite), len(marks)
    trace = Trace(
        paths=np.empty((num_marks, len(packed.joints), 2)),
        means=np.empty((num_walkers, num_marks, 2)),
        clamps=np.zeros(num_walkers, dtype=np.int64),
    )
    run(
        packed.joints, packed.joint_start, packed.link_start, packed.other, packed.links,
        packed.finite, trace.clamps, wave, np.array(marks, dtype=np.int64), trace.paths,
        trace.means, terrain.face_start, terrain.face_rows, terrain.vertex_start,
        terrain.vertex_rows, terrain.top, _laws_array(laws),
    )  # fmt: skip
    return trace


def warm_up(terrain: TerrainArrays) -> None:
    """Compile the kernel, or load it from disk, so that the first walker need not wait."""
    tiny = Body(((0.0, 0.0), (1.0, 0.0)), (Connection(0, 1),))
    simulate([tiny], terrain, seconds=0.01, settle_s=0.0)


@lru_cache(maxsize=16)
def _laws_array(laws: Laws) -> Floats:
    """Return the laws as the kernel reads them."""
    h = laws.substep_s
    return np.array([h, laws.gravity * h, laws.drag_factor, laws.friction, laws.top_speed])


def _substeps(seconds: float, laws: Laws) -> int:
    """Return a time as a number of substeps."""
    if not 0.0 <= seconds < 1e6:
        raise ValueError(f"a time must be between 0 and a million seconds, not {seconds}")
    return round(seconds * laws.substeps_hz)


def _motion(means: list[list[float]], clamps: int) -> Motion:
    """Return the motion that belongs to the mean positions at the ends of the four quarters."""
    displacement = means[4][0] - means[0][0]
    distance = abs(displacement)
    direction = 1.0 if displacement > 0.0 else -1.0
    slowest = min(direction * (means[k + 1][0] - means[k][0]) for k in range(4))
    still = distance < STILL_DISTANCE
    return Motion(
        displacement=displacement,
        distance=0.0 if still else distance,
        sustained=0.0 if still else 4.0 * max(0.0, slowest),
        mean_y=means[4][1],
        clamps=clamps,
        finite=True,
    )
