"""The three walkers of known distance, found by hill climbing (law 15)."""

from __future__ import annotations

import pytest

from ulmus.problems.sodarace.physics.constants import Laws
from ulmus.problems.sodarace.physics.simulate import simulate
from ulmus.problems.sodarace.physics.state import Body, Connection
from ulmus.problems.sodarace.terrain import terrain

FLAT = terrain("flat").arrays


def walker(joints: list[tuple[float, float]], links: str) -> Body:
    """Read "i-j" (bone) and "i-j:amplitude,phase" (muscle); strokes are 0.3 x amplitude."""
    connections = []
    for word in links.split():
        ends, _, wave = word.partition(":")
        i, j = (int(end) for end in ends.split("-"))
        amplitude, phase = (float(part) for part in wave.split(",")) if wave else (0.0, 0.0)
        connections.append(Connection(i, j, 0.3 * amplitude, phase))
    return Body(tuple(joints), tuple(connections))


T1 = walker([(0, 1.7), (5.4, 0), (4.8, 5.6)], "0-1:-.93,.96 0-2:-.45,.93 1-2:-.26,.41")
T2 = walker(
    [(12.8, 10), (9.3, 2.3), (0, 13.3), (12.9, 0)],
    "0-1:.76,.25 0-2 0-3 1-2:-.85,.77 1-3:.6,.34 2-3:.48,.34",
)
T3 = walker(
    [(12.4, 0), (3.5, 6.8), (5.3, 10), (1.3, 0.1), (0, 11.6), (1.2, 1.7), (11.2, 0.1)],
    "0-1:.43,.04 0-6:-.42,.58 1-2:-.52,.73 1-3:-.87,.08 1-4:.59,.03 1-5 1-6:-1,.04 2-4:.37,.68"
    " 2-5:-1,.68 2-6:.6,.62 3-5:1,.18 3-6:.88,.86 4-5:-1,.88 5-6:-.68,.78",
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [(T1, 39.394698), (T2, -79.405698), (T3, -130.921117)],
    ids=["T1", "T2", "T3"],
)
def test_known_walker_covers_its_known_distance(body: Body, expected: float) -> None:
    motion = simulate([body], FLAT)[0]
    assert motion.displacement == pytest.approx(expected, abs=1e-6)
    assert motion.distance == abs(motion.displacement)
    assert motion.finite
    assert motion.clamps == 0


def test_distance_of_t1_hardly_depends_on_the_step() -> None:
    for substeps_hz in (240, 960):
        motion = simulate([T1], FLAT, laws=Laws(substeps_hz=substeps_hz))[0]
        assert motion.displacement == pytest.approx(39.39, abs=0.02)
