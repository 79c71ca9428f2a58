"""Laws of physics that the simulator must obey, against theory."""

from __future__ import annotations

import random
from math import atan2, cos, exp, hypot, pi, radians, sin, sqrt
from typing import Any

import numpy as np
import pytest

from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS, JOINT_RADIUS, Laws
from ulmus.problems.sodarace.physics.simulate import simulate
from ulmus.problems.sodarace.physics.state import (
    Body,
    Connection,
    Floats,
    TerrainArrays,
    wave_table,
)
from ulmus.problems.sodarace.terrain import terrain_arrays

NO_DRAG = Laws(drag=0.0)
WEIGHTLESS = Laws(drag=0.0, gravity=0.0)
ONE_JOINT = Body(((0.0, 0.0),), ())
HZ = DEFAULT_LAWS.substeps_hz


def test_free_fall_follows_the_parabola_of_the_discrete_formula(
    world: Any, space: TerrainArrays
) -> None:
    scene = world([ONE_JOINT], space, NO_DRAG)
    start = scene.positions[0, 1]
    scene.run(HZ)
    t, h = 1.0, 1.0 / HZ
    assert scene.positions[0, 1] == pytest.approx(start - 30.0 * t * (t + h) / 2.0, abs=1e-9)


def test_drag_slows_a_fall(world: Any, space: TerrainArrays) -> None:
    scene = world([ONE_JOINT], space, DEFAULT_LAWS)
    scene.run(HZ)
    expected = 30.0 / 0.5 * (1.0 - exp(-0.5))
    assert -scene.velocities[0, 1] == pytest.approx(expected, rel=0.005)


def test_dropped_joint_stays_where_it_lands(world: Any, flat: TerrainArrays) -> None:
    scene = world([ONE_JOINT], flat, NO_DRAG)
    scene.packed.joints[0, 1] += 5.0
    landed = None
    for step in range(2 * HZ):
        scene.run()
        if landed is None and abs(scene.positions[0, 1] - JOINT_RADIUS) < 1e-6:
            landed = step / HZ
        if landed is not None:
            assert abs(scene.positions[0, 1] - JOINT_RADIUS) < 1e-6
            assert scene.velocities[0, 1] <= 1e-9
    assert landed == pytest.approx(sqrt(2.0 * 5.0 / 30.0), abs=0.005)


def _momenta(scene: Any) -> tuple[Floats, float]:
    """Return linear momentum and angular momentum about the origin."""
    (x, y), (vx, vy) = scene.positions.T, scene.velocities.T
    return scene.velocities.sum(axis=0), float((x * vy - y * vx).sum())


def test_muscles_in_space_conserve_momentum(
    world: Any, space: TerrainArrays, random_body: Any
) -> None:
    rng = random.Random(4)
    for _ in range(5):
        scene = world([random_body(rng, 8, 16)], space, WEIGHTLESS)
        scene.packed.joints[:, :2] -= scene.positions.mean(axis=0)
        scene.packed.joints[:, 2] = -0.3 * scene.positions[:, 1]
        scene.packed.joints[:, 3] = 0.3 * scene.positions[:, 0]
        _, before = _momenta(scene)
        scene.run(10 * HZ, wave_table(WEIGHTLESS, 0, 10 * HZ))
        linear, after = _momenta(scene)
        assert np.abs(linear).max() < 1e-10
        assert abs(after - before) < 1e-9
        assert abs(before) > 1.0
        assert scene.clamps == 0


def test_still_bodies_never_gain_energy(world: Any, flat: TerrainArrays, random_body: Any) -> None:
    rng = random.Random(5)
    sizes = [rng.randrange(3, 13) for _ in range(200)]
    scene = world([random_body(rng, n, 2 * n) for n in sizes], flat, NO_DRAG)
    starts = scene.packed.joint_start[:-1].astype(int)
    counts = np.diff(scene.packed.joint_start.astype(int))
    centre = np.repeat(np.add.reduceat(scene.positions, starts) / counts[:, None], counts, axis=0)
    spin = scene.positions - centre
    scene.packed.joints[:, 2] = -2.0 * spin[:, 1]
    scene.packed.joints[:, 3] = 2.0 * spin[:, 0]
    scene.packed.joints[:, 1] += 5.0

    def energy() -> Floats:
        kinetic = 0.5 * (scene.velocities**2).sum(axis=1)
        return np.add.reduceat(kinetic + 30.0 * scene.positions[:, 1], starts)

    start = energy()
    for _ in range(300):
        scene.run(8)
        assert (energy() <= start * (1.0 + 1e-9)).all()
    assert (energy() < 0.9 * start).all()


@pytest.mark.parametrize("friction", [0.3, 0.5, 0.8])
def test_sliding_square_stops_where_friction_stops_it(
    world: Any, flat: TerrainArrays, square: Body, friction: float
) -> None:
    scene = world([square], flat, Laws(drag=0.0, friction=friction))
    scene.run(HZ)
    before = scene.positions[:, 0].mean()
    scene.packed.joints[:, 2] = 10.0
    scene.run(3 * HZ)
    slid = scene.positions[:, 0].mean() - before
    assert slid == pytest.approx(100.0 / (2.0 * friction * 30.0), rel=0.01)
    assert np.abs(scene.velocities).max() < 1e-3


def _on_incline(world: Any, degrees: float) -> Any:
    """Return one joint that just touches a slope down to the right, friction 0.5."""
    angle = radians(degrees)
    tx, ty = cos(angle), -sin(angle)
    incline = terrain_arrays((((-100.0 * tx, -100.0 * ty), (100.0 * tx, 100.0 * ty)),))
    scene = world([ONE_JOINT], incline, Laws(drag=0.0, friction=0.5))
    scene.packed.joints[0, :2] = -ty * JOINT_RADIUS, tx * JOINT_RADIUS
    return scene


def test_joint_holds_on_a_slope_below_the_angle_of_friction(world: Any) -> None:
    scene = _on_incline(world, 24.0)
    before = scene.positions[0].copy()
    scene.run(3 * HZ)
    assert np.abs(scene.positions[0] - before).max() < 1e-6


def test_joint_slides_on_a_slope_above_the_angle_of_friction(world: Any) -> None:
    scene = _on_incline(world, 29.0)
    before = scene.positions[0].copy()
    scene.run(3 * HZ)
    angle = radians(29.0)
    expected = 30.0 * (sin(angle) - 0.5 * cos(angle)) * 3.0**2 / 2.0
    assert np.hypot(*(scene.positions[0] - before)) == pytest.approx(expected, rel=0.005)


def test_rod_falls_over_in_the_time_of_theory(world: Any, flat: TerrainArrays) -> None:
    rod = Body(((0.0, 0.0), (6.0 * sin(0.2), 6.0 * cos(0.2))), (Connection(0, 1),))
    scene = world([rod], flat, Laws(drag=0.0, friction=50.0))
    foot = scene.positions[1].copy()
    steps = 0
    angle = 0.2
    while angle < 1.0:
        scene.run()
        steps += 1
        dx, dy = scene.positions[0] - scene.positions[1]
        angle = atan2(dx, dy)
        assert abs(hypot(dx, dy) / 6.0 - 1.0) < 5e-4
    assert steps / HZ == pytest.approx(1.037, abs=0.005)
    assert np.abs(scene.positions[1] - foot).max() < 1e-6


def test_muscle_swings_as_a_driven_oscillator(world: Any, space: TerrainArrays) -> None:
    stroke, length = 0.1, 5.0
    muscle = Body(((0.0, 0.0), (length, 0.0)), (Connection(0, 1, stroke, 0.0),))
    scene = world([muscle], space, WEIGHTLESS)
    wave = wave_table(WEIGHTLESS, 0, 10 * HZ)
    lengths = []
    for step in range(10 * HZ):
        scene.run(1, wave[step : step + 1])
        lengths.append(scene.positions[1, 0] - scene.positions[0, 0])
    last = lengths[8 * HZ :]
    ratio = 1.0 / (DEFAULT_LAWS.muscle.frequency_hz * DEFAULT_LAWS.wave_period_s)
    damping = DEFAULT_LAWS.muscle.damping_ratio
    gain = 1.0 / sqrt((1.0 - ratio**2) ** 2 + (2.0 * damping * ratio) ** 2)
    swing = (max(last) - min(last)) / 2.0
    assert swing / (stroke * length) == pytest.approx(gain, rel=0.005)


def test_still_square_stays_where_it_is(flat: TerrainArrays, square: Body) -> None:
    assert abs(simulate([square], flat)[0].displacement) < 1e-9
    assert simulate([square], flat)[0].distance == 0.0


def test_truss_stands(world: Any, flat: TerrainArrays) -> None:
    joints = tuple((x, 2.0 * level) for level in range(6) for x in (0.0, 2.0))
    links = [(2 * n, 2 * n + 1) for n in range(6)]
    for n in range(5):
        links += [(2 * n, 2 * n + 2), (2 * n + 1, 2 * n + 3)]
        links += [(2 * n, 2 * n + 3), (2 * n + 1, 2 * n + 2)]
    scene = world([Body(joints, tuple(Connection(i, j) for i, j in links))], flat, DEFAULT_LAWS)
    scene.run(6 * HZ)
    heights = scene.positions[:, 1]
    assert (heights.max() - heights.min()) / 10.0 >= 0.998
    assert np.abs(scene.velocities).max() < 1e-2


def test_without_friction_nothing_walks(flat: TerrainArrays, random_body: Any) -> None:
    rng = random.Random(9)
    bodies = [random_body(rng, 6, 10) for _ in range(40)]
    motions = simulate(bodies, flat, laws=Laws(friction=0.0))
    free = [abs(motion.displacement) for motion in motions if motion.clamps == 0]
    assert len(free) > 30
    assert max(free) < 1e-11


def test_wave_has_its_period_and_ramp() -> None:
    wave = wave_table(DEFAULT_LAWS, 3, 4 * HZ)
    assert (wave[:3] == 0.0).all()
    n = np.arange(4 * HZ)
    ramp = np.minimum(1.0, n / HZ)
    assert wave[3:, 0] == pytest.approx(ramp * np.sin(2.0 * pi * n / HZ), abs=1e-12)
    assert wave[3:, 1] == pytest.approx(ramp * np.cos(2.0 * pi * n / HZ), abs=1e-12)
