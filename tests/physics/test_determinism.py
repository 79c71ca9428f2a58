"""Equal input, equal bits: order of statements, batches, threads, processes, machine code."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ulmus import machine_code
from ulmus.problems.sodarace.physics import kernel
from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS
from ulmus.problems.sodarace.physics.reference import trace
from ulmus.problems.sodarace.physics.simulate import record, simulate
from ulmus.problems.sodarace.physics.state import Body, Connection, TerrainArrays, pack
from ulmus.problems.sodarace.terrain import terrain, terrain_names


@pytest.fixture(scope="module")
def bodies(random_body: Any) -> list[Body]:
    rng = random.Random(17)
    return [random_body(rng, n, m) for n, m in ((3, 3), (5, 8), (8, 16), (12, 30)) * 3]


@pytest.mark.parametrize("name", terrain_names())
def test_kernel_equals_reference_bit_for_bit(name: str, bodies: list[Body], known: Any) -> None:
    ground = terrain(name).arrays
    sample = [bodies[1], known[1].body]
    motions = simulate(sample, ground, seconds=1.5, settle_s=0.25)
    for body, motion in zip(sample, motions, strict=True):
        walker, means = trace(body, ground, seconds=1.5, settle_s=0.25)
        assert motion.displacement == means[4] - means[0]
        assert motion.clamps == walker.clamps
        frames = record(body, ground, seconds=1.5, settle_s=0.25)
        last = frames.positions[-1][pack([body], DEFAULT_LAWS).order]
        assert [(joint.x, joint.y) for joint in walker.joints] == [tuple(p) for p in last.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize("name", terrain_names())
def test_kernel_equals_reference_over_the_whole_time(
    name: str, bodies: list[Body], known: Any
) -> None:
    ground = terrain(name).arrays
    sample = [bodies[1], known[0].body, known[2].body]
    for body, motion in zip(sample, simulate(sample, ground), strict=True):
        _, means = trace(body, ground)
        assert motion.displacement == means[4] - means[0]


def _shuffled(body: Body, rng: random.Random) -> Body:
    """Return the same walker, said in another order."""
    order = list(range(len(body.joints)))
    rng.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    links = [
        Connection(place[b.j], place[b.i], b.stroke, b.phase)
        if rng.random() < 0.5
        else Connection(place[b.i], place[b.j], b.stroke, b.phase)
        for b in body.connections
    ]
    rng.shuffle(links)
    return Body(tuple(body.joints[k] for k in order), tuple(links))


def test_order_of_joints_and_connections_does_not_matter(
    bodies: list[Body], known: Any, flat: TerrainArrays
) -> None:
    rng = random.Random(11)
    sample = bodies + [walker.body for walker in known]
    assert simulate([_shuffled(body, rng) for body in sample], flat) == simulate(sample, flat)


def test_mirrored_walker_walks_the_mirrored_way(bodies: list[Body], flat: TerrainArrays) -> None:
    mirrored = [Body(tuple((-x, y) for x, y in body.joints), body.connections) for body in bodies]
    there, back = simulate(bodies, flat), simulate(mirrored, flat)
    assert [m.displacement for m in there] == [-m.displacement for m in back]
    assert any(m.distance > 0.1 for m in there)


def test_batches_do_not_matter(bodies: list[Body], flat: TerrainArrays) -> None:
    whole = simulate(bodies, flat)
    assert [simulate([body], flat)[0] for body in bodies] == whole
    assert simulate(bodies[::-1], flat) == whole[::-1]
    assert simulate([], flat) == []


def test_threads_do_not_matter(bodies: list[Body], flat: TerrainArrays) -> None:
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda part: simulate(part, flat), (bodies[:6], bodies[6:])))
    assert halves[0] + halves[1] == simulate(bodies, flat)


CHILD = """
import pickle, sys
from ulmus.problems.sodarace.physics.simulate import simulate
from ulmus.problems.sodarace.terrain import terrain
bodies = pickle.load(sys.stdin.buffer)
for motion in simulate(bodies, terrain("bumpy").arrays):
    print(motion.displacement.hex(), motion.sustained.hex(), motion.mean_y.hex())
"""


def _in_a_second_process(bodies: list[Body], **environment: str) -> list[tuple[str, ...]]:
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=pickle.dumps(bodies),
        capture_output=True,
        check=True,
        env={**os.environ, **environment},
    )
    assert child.stderr == b""
    return [tuple(line.split()) for line in child.stdout.decode().splitlines()]


def _in_this_process(bodies: list[Body]) -> list[tuple[str, ...]]:
    motions = simulate(bodies, terrain("bumpy").arrays)
    return [(m.displacement.hex(), m.sustained.hex(), m.mean_y.hex()) for m in motions]


def test_a_second_process_gives_the_same_bits(bodies: list[Body]) -> None:
    assert _in_a_second_process(bodies) == _in_this_process(bodies)


@pytest.mark.slow
def test_a_process_without_cache_for_a_plain_processor_gives_the_same_bits(
    bodies: list[Body], tmp_path: Path
) -> None:
    blocked = tmp_path / "a file where the cache folder should be"
    blocked.write_text("")
    found = _in_a_second_process(bodies, ULMUS_CACHE_DIR=str(blocked), NUMBA_CPU_NAME="generic")
    assert found == _in_this_process(bodies)


def test_machine_code_holds_no_fused_multiply_add(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: Any = machine_code.compiled(kernel.run.__wrapped__)  # type: ignore[attr-defined]
    monkeypatch.setattr(kernel, "run", alone)
    simulate([Body(((0.0, 0.0), (1.0, 0.0)), (Connection(0, 1),))], terrain("flat").arrays)
    code = alone.inspect_asm(alone.signatures[0])
    assert code.count("sqrt") >= 3  # the helpers are inlined, so all arithmetic is in sight
    for fused in ("fmadd", "fmsub", "fmla", "fmls"):
        assert fused not in code


def test_record_is_the_way_that_simulate_measures(bodies: list[Body], flat: TerrainArrays) -> None:
    for body in bodies[:4]:
        frames = record(body, flat, fps=30)
        assert frames.positions.shape == (90 + 301, len(body.joints), 2)
        assert frames.num_settling == 90
        order = pack([body], DEFAULT_LAWS).order
        start, end = (
            reduce(add, frames.positions[k][order, 0].tolist()) / len(body.joints)  # as the kernel
            for k in (90, -1)
        )
        assert end - start == simulate([body], flat)[0].displacement
        assert np.isfinite(frames.positions).all()


def test_record_keeps_the_order_of_the_joints(flat: TerrainArrays, square: Body) -> None:
    frames = record(square, flat, seconds=0.0, settle_s=0.5, fps=10)
    placed = [(x - 2.0, y + 0.25) for x, y in square.joints]
    assert frames.positions.shape == (6, 4, 2)
    assert [tuple(point) for point in frames.positions[0].tolist()] == placed


def test_motion_is_plain(bodies: list[Body], flat: TerrainArrays) -> None:
    kinds = [type(value) for value in astuple(simulate(bodies[:1], flat)[0])]
    assert kinds == [float, float, float, float, int, bool]
