"""The terrains: their data, and that nothing enters them."""

from __future__ import annotations

import random
from math import atan2, degrees, hypot
from typing import Any

import numpy as np
import pytest

from ulmus.errors import ConfigError
from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS, JOINT_RADIUS
from ulmus.problems.sodarace.physics.simulate import record, simulate
from ulmus.problems.sodarace.physics.state import Body, Floats
from ulmus.problems.sodarace.terrain import terrain, terrain_arrays, terrain_names


def _heights(name: str) -> dict[float, float]:
    return dict(terrain(name).polylines[0])


def test_table_names_every_terrain() -> None:
    assert terrain_names() == (
        "flat",
        "left_wall",
        "right_wall",
        "bumpy",
        "bumpy_right_wall",
        "tunnel",
        "gap",
        "stairs",
        "slope",
    )
    assert [terrain(name).name for name in terrain_names()] == list(terrain_names())


def test_unknown_terrain_offers_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"unknown terrain 'bumby'. Did you mean 'bumpy'\?"):
        terrain("bumby")


def test_bumps_are_the_ones_that_scores_were_measured_on() -> None:
    points = terrain("bumpy").polylines[0]
    heights = dict(points)
    assert points[1:3] == ((-300.0, -0.784), (-297.0, 1.240))
    assert [heights[x] for x in (18.0, 21.0, 24.0)] == [-0.805, 0.557, 0.255]
    assert all(heights[float(x)] == 0.0 for x in range(-15, 16, 3))
    assert len(points) == 201 + 2
    assert max(abs(y) for y in heights.values()) <= 1.5


def test_bumpy_right_wall_is_bumpy_up_to_its_wall() -> None:
    bumpy, walled = _heights("bumpy"), terrain("bumpy_right_wall").polylines[0]
    assert all(bumpy[x] == y for x, y in walled if x < 25.0)
    assert walled[-3][0] == walled[-2][0] == 25.0
    assert walled[-2][1] == 200.0
    assert (
        bumpy[24.0] != walled[-3][1] == pytest.approx(0.255 + (bumpy[27.0] - 0.255) / 3, abs=1e-3)
    )


def test_gap_stairs_and_slope_have_their_measures() -> None:
    gap, stairs, slope = (terrain(name).polylines[0] for name in ("gap", "stairs", "slope"))
    pits = [x for x, y in gap if y == -8.0 and x > 0]
    assert pits == [x for k in range(12) for x in (16.0 + 20 * k, 19.0 + 20 * k)]
    assert max(y for _, y in stairs) == 40.0
    assert [x for x, y in stairs if x > 0 and y == 3.0] == [28.0, 34.0]
    (x0, y0), (x1, y1) = slope[-3:-1]
    assert degrees(atan2(y1 - y0, x1 - x0)) == pytest.approx(8.0, abs=1e-9)
    assert (x0, x1) == (16.0, 516.0)


@pytest.mark.parametrize("name", ["flat", "tunnel", "gap", "stairs", "slope"])
def test_symmetric_terrains_are_their_own_mirror(name: str) -> None:
    lines = terrain(name).polylines
    mirrored = [tuple((-x, y) for x, y in reversed(line)) for line in lines]
    assert {frozenset(line) for line in lines} == {frozenset(line) for line in mirrored}


@pytest.mark.parametrize("name", terrain_names())
def test_start_is_flat_and_floors_end_far_away(name: str) -> None:
    floor = terrain(name).polylines[0]
    assert floor[0][0] == -1e6
    assert floor[-1][0] == 1e6
    near = [point for point in floor if abs(point[0]) < 16.0]
    assert all(y == 0.0 for _, y in near)


@pytest.mark.parametrize("name", terrain_names())
def test_faces_are_unit_and_only_solid_corners_are_convex(name: str) -> None:
    arrays = terrain(name).arrays
    assert np.hypot(arrays.faces[:, 2], arrays.faces[:, 3]) == pytest.approx(1.0, abs=1e-15)
    for x, y, in_x, in_y, out_x, out_y in arrays.vertices.tolist():
        outward = (in_x - out_x, in_y - out_y)
        size = hypot(*outward)
        probe = (x + 0.1 * outward[0] / size, y + 0.1 * outward[1] / size)
        assert (probe[0] - x) * in_x + (probe[1] - y) * in_y > 0.0
        assert in_x * out_y - in_y * out_x < 0.0
    assert len(terrain("tunnel").arrays.vertices) == 8
    assert len(terrain("flat").arrays.vertices) == 0


@pytest.mark.parametrize("name", terrain_names())
def test_every_bucket_holds_all_ground_within_reach(name: str) -> None:
    arrays = terrain(name).arrays
    rng = random.Random(3)
    for _ in range(300):
        x = rng.uniform(-600.0, 600.0)
        bucket = min(max(int((x + 400.0) // 2.0), 0), 399)
        rows = arrays.face_rows[int(arrays.face_start[bucket]) : int(arrays.face_start[bucket + 1])]
        ends = arrays.faces[:, 0] + arrays.faces[:, 2] * arrays.faces[:, 4]
        low, high = np.minimum(arrays.faces[:, 0], ends), np.maximum(arrays.faces[:, 0], ends)
        near = arrays.faces[(low - 1.0 <= x) & (x <= high + 1.0)]
        assert {tuple(row) for row in near.tolist()} <= {tuple(row) for row in rows.tolist()}


def _clearance(points: Floats, faces: Floats) -> Floats:
    """Return how far each point (n, 2) is from the nearest ground, by brute force."""
    nearest = np.full(len(points), np.inf)
    for ax, ay, tx, ty, length in faces.tolist():
        q = points - (ax, ay)
        along = np.clip(q @ (tx, ty), 0.0, length)
        nearest = np.minimum(nearest, np.hypot(*(q - np.outer(along, (tx, ty))).T))
    return nearest


def _runners(known: Any, random_body: Any) -> list[Body]:
    rng = random.Random(21)
    bodies = [walker.body for walker in known]
    bodies += [Body(tuple((-x, y) for x, y in body.joints), body.connections) for body in bodies]
    return bodies + [random_body(rng, 6, 10) for _ in range(6)]


def test_nobody_enters_the_wall(known: Any, random_body: Any) -> None:
    ground = terrain("right_wall").arrays
    furthest = max(
        record(body, ground, fps=480).positions[:, :, 0].max()
        for body in _runners(known, random_body)
    )
    assert 24.0 < furthest <= 25.0 - JOINT_RADIUS + 1e-6


def test_nobody_leaves_the_tunnel_through_its_roof(known: Any, random_body: Any) -> None:
    ground = terrain("tunnel").arrays
    for body in _runners(known, random_body):
        path = record(body, ground, fps=480).positions
        inside = path[np.abs(path[:, :, 0]) > 20.3]
        assert (inside[:, 1] <= 8.0 - JOINT_RADIUS + 1e-6).all()


def test_joints_hardly_overlap_the_bumps(known: Any, random_body: Any) -> None:
    ground = terrain("bumpy").arrays
    for body in _runners(known, random_body)[:8]:
        path = record(body, ground, fps=240).positions.reshape(-1, 2)
        assert _clearance(path, ground.faces).min() > JOINT_RADIUS - 1e-3


def test_thrown_joints_never_tunnel(world: Any) -> None:
    rng = random.Random(8)
    for name in ("bumpy", "tunnel", "gap", "stairs"):
        ground = terrain(name).arrays
        near = ground.faces[(np.abs(ground.faces[:, 0]) < 40.0) | (ground.faces[:, 4] > 100.0)]
        scene = world([Body(((0.0, 0.0),), ())] * 100, ground, DEFAULT_LAWS)
        for k in range(100):
            angle = rng.uniform(0.0, 6.3)
            scene.packed.joints[k] = 0.0, 4.0, 59.0 * np.cos(angle), 59.0 * np.sin(angle)
        for _ in range(240):
            scene.run()
            assert _clearance(scene.positions, near).min() > JOINT_RADIUS - 0.011


def test_walls_stop_walkers_that_would_go_on(known: Any) -> None:
    right = simulate([known[0].body], terrain("right_wall").arrays)[0]
    left = simulate([known[2].body], terrain("left_wall").arrays)[0]
    assert right.distance < 25.0 < known[0].displacement
    assert left.distance < 25.0 < -known[2].displacement


def test_empty_space_has_no_ground() -> None:
    empty = terrain_arrays(())
    assert empty.faces.shape == (0, 5)
    assert empty.vertices.shape == (0, 6)
    assert (empty.top == -np.inf).all()
