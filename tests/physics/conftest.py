"""Walkers and worlds that the tests of the physics share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ulmus.problems.sodarace.physics.constants import Laws
from ulmus.problems.sodarace.physics.simulate import advance
from ulmus.problems.sodarace.physics.state import (
    Body,
    Connection,
    Floats,
    Packed,
    TerrainArrays,
    pack,
)
from ulmus.problems.sodarace.terrain import terrain, terrain_arrays


def read_walker(joints: list[tuple[float, float]], links: str) -> Body:
    """Read "i-j" (bone) and "i-j:amplitude,phase" (muscle); strokes are 0.3 x amplitude."""
    connections = []
    for word in links.split():
        ends, _, wave = word.partition(":")
        i, j = (int(end) for end in ends.split("-"))
        amplitude, phase = (float(part) for part in wave.split(",")) if wave else (0.0, 0.0)
        connections.append(Connection(i, j, 0.3 * amplitude, phase))
    return Body(tuple(joints), tuple(connections))


def make_body(
    rng: random.Random, num_joints: int, num_links: int, muscles: float = 0.6, stroke: float = 0.3
) -> Body:
    """Return a connected random body of 10 x 10 u with a share of muscles."""
    joints = tuple((rng.uniform(0, 10), rng.uniform(0, 10)) for _ in range(num_joints))
    pairs = [(i, rng.randrange(i)) for i in range(1, num_joints)]
    more = [(i, j) for i in range(num_joints) for j in range(i) if (i, j) not in set(pairs)]
    rng.shuffle(more)
    links = []
    for i, j in (pairs + more)[:num_links]:
        size = rng.uniform(-stroke, stroke) if rng.random() < muscles else 0.0
        links.append(Connection(i, j, size, rng.random()))
    return Body(joints, tuple(links))


class World:
    """Packed walkers that a test can push around, substep by substep."""

    def __init__(self, bodies: list[Body], ground: TerrainArrays, laws: Laws) -> None:
        self.ground = ground
        self.laws = laws
        self.packed: Packed = pack(bodies, laws)
        self.still: Floats = np.zeros((100_000, 2))
        self.still.setflags(write=False)  # as `wave_table`: the kernel is compiled once
        self.clamps = 0

    @property
    def positions(self) -> Floats:
        return self.packed.joints[:, :2]

    @property
    def velocities(self) -> Floats:
        return self.packed.joints[:, 2:]

    def run(self, num_substeps: int = 1, wave: Floats | None = None) -> None:
        """Advance by a number of substeps; muscles are still without a wave."""
        rows = self.still if wave is None else wave
        done = advance(self.packed, self.ground, rows[:num_substeps], [num_substeps], self.laws)
        self.clamps += int(done.clamps.sum())


@dataclass(frozen=True)
class Known:
    """A walker whose distance is known."""

    body: Body
    displacement: float


T1 = Known(
    read_walker([(0, 1.7), (5.4, 0), (4.8, 5.6)], "0-1:-.93,.96 0-2:-.45,.93 1-2:-.26,.41"),
    39.394698,
)
T2 = Known(
    read_walker(
        [(12.8, 10), (9.3, 2.3), (0, 13.3), (12.9, 0)],
        "0-1:.76,.25 0-2 0-3 1-2:-.85,.77 1-3:.6,.34 2-3:.48,.34",
    ),
    -79.405698,
)
T3 = Known(
    read_walker(
        [(12.4, 0), (3.5, 6.8), (5.3, 10), (1.3, 0.1), (0, 11.6), (1.2, 1.7), (11.2, 0.1)],
        "0-1:.43,.04 0-6:-.42,.58 1-2:-.52,.73 1-3:-.87,.08 1-4:.59,.03 1-5 1-6:-1,.04"
        " 2-4:.37,.68 2-5:-1,.68 2-6:.6,.62 3-5:1,.18 3-6:.88,.86 4-5:-1,.88 5-6:-.68,.78",
    ),
    -130.921117,
)


@pytest.fixture(scope="session")
def known() -> tuple[Known, Known, Known]:
    """The three walkers T1, T2, T3, found by hill climbing."""
    return T1, T2, T3


@pytest.fixture(scope="session")
def random_body() -> Callable[..., Body]:
    return make_body


@pytest.fixture(scope="session")
def flat() -> TerrainArrays:
    return terrain("flat").arrays


@pytest.fixture(scope="session")
def space() -> TerrainArrays:
    """No ground at all."""
    return terrain_arrays(())


@pytest.fixture(scope="session")
def world() -> type[World]:
    return World


@pytest.fixture(scope="session")
def square() -> Body:
    """A braced square of 4 u whose corners are joined by bones."""
    return read_walker([(0, 0), (4, 0), (4, 4), (0, 4)], "0-1 1-2 2-3 3-0 0-2 1-3")
