"""Monsters, numbers that are not finite, and odd times."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS
from ulmus.problems.sodarace.physics.simulate import BROKEN, record, simulate
from ulmus.problems.sodarace.physics.state import Body, Connection, TerrainArrays, wave_table

HZ = DEFAULT_LAWS.substeps_hz


def _monsters(make: Any) -> list[Body]:
    rng = random.Random(15)
    big = make(rng, 100, 500, 1.0, 0.3)
    huge = make(rng, 100, 500, 1.0, 0.9)
    ball = Body(((1.0, 1.0),) * 5, tuple(Connection(i, i + 1, 0.3) for i in range(4)))
    repeated = Body(huge.joints[:4], (Connection(0, 1, 0.9), Connection(1, 2, 0.9, 0.5)) * 40)
    knot = Body(huge.joints[:2], (Connection(0, 0, 0.3), Connection(0, 1, 0.3)))
    return [big, huge, ball, repeated, knot]


def test_monsters_stay_finite_and_below_the_top_speed(
    world: Any, flat: TerrainArrays, random_body: Any
) -> None:
    monsters = _monsters(random_body)
    scene = world(monsters, flat, DEFAULT_LAWS)
    wave = wave_table(DEFAULT_LAWS, 0, 4 * HZ)
    for step in range(4 * HZ):
        scene.run(1, wave[step : step + 1])
        assert np.hypot(*scene.velocities.T).max() <= 60.0 * (1.0 + 1e-12)
    assert scene.packed.finite.all()
    assert scene.clamps > 0
    assert np.isfinite(scene.positions).all()
    assert all(motion.finite for motion in simulate(monsters, flat))


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1e300])
def test_numbers_that_are_not_finite_spoil_only_their_walker(
    flat: TerrainArrays, square: Body, bad: float
) -> None:
    place = Body(((0.0, bad), (1.0, 0.0)), (Connection(0, 1),))
    wave = Body(((0.0, 0.0), (1.0, 0.0)), (Connection(0, 1, bad, 0.0),))
    good = simulate([square], flat)[0]
    bodies = [square, place, wave, square] if bad != 1e300 else [square, place, place, square]
    assert simulate(bodies, flat) == [good, BROKEN, BROKEN, good]
    assert record(place, flat).positions.shape == (0, 2, 2)


def test_a_walker_that_breaks_stops_before_a_position_breaks(
    world: Any, flat: TerrainArrays, square: Body
) -> None:
    scene = world([square, square], flat, DEFAULT_LAWS)
    scene.packed.joints[1, 2] = nan
    scene.run(10)
    assert scene.packed.finite.tolist() == [0, 1]
    assert np.isfinite(scene.positions).all()


def test_far_away_walkers_use_the_outer_ground(world: Any, flat: TerrainArrays) -> None:
    scene = world([Body(((0.0, 0.0),), ())] * 2, flat, DEFAULT_LAWS)
    scene.packed.joints[:, 0] = -9e5, 9e5
    scene.run(100)
    assert scene.positions[:, 1] == pytest.approx(0.25, abs=1e-12)


@pytest.mark.parametrize("seconds", [nan, -1.0, inf, 1e9])
def test_impossible_times_are_refused(flat: TerrainArrays, square: Body, seconds: float) -> None:
    with pytest.raises(ValueError, match="a time must be"):
        simulate([square], flat, seconds=seconds)
    with pytest.raises(ValueError, match="fps"):
        record(square, flat, fps=0.0)


def test_longer_runs_go_further(known: Any, flat: TerrainArrays) -> None:
    short, long = (simulate([known[1].body], flat, seconds=s)[0] for s in (10.0, 20.0))
    assert long.distance > 1.8 * short.distance
    assert long.sustained > 1.5 * short.sustained


def test_sustained_is_the_slowest_quarter(known: Any, flat: TerrainArrays) -> None:
    frames = record(known[2].body, flat, fps=4, settle_s=3.0)
    means = frames.positions[frames.num_settling :, :, 0].mean(axis=1)[[0, 10, 20, 30, 40]]
    motion = simulate([known[2].body], flat)[0]
    assert motion.sustained == pytest.approx(4.0 * min(-np.diff(means)), abs=1e-9)


CHILD = """
from ulmus.problems.sodarace.physics.simulate import simulate
from ulmus.problems.sodarace.physics.state import Body, Connection
from ulmus.problems.sodarace.terrain import terrain
body = Body(((0.0, 0.0), (1.0, 0.0), (0.0, 2.0)), (Connection(0, 1, 0.3), Connection(1, 2)))
print(simulate([body], terrain("flat").arrays)[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
def test_truncated_cache_is_replaced(tmp_path: Path, pattern: str) -> None:
    environment = {**os.environ, "ULMUS_CACHE_DIR": str(tmp_path)}

    def child() -> str:
        command = [sys.executable, "-c", CHILD]
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        assert done.stderr == ""
        return done.stdout

    first = child()
    (file,) = tmp_path.rglob(pattern)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert child() == first
    assert child() == first
    assert next(tmp_path.rglob(pattern)).stat().st_size == len(whole)
