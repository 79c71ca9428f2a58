"""The three walkers of known distance, found by hill climbing."""

from __future__ import annotations

from typing import Any

import pytest

from ulmus.problems.sodarace.physics.constants import Laws
from ulmus.problems.sodarace.physics.simulate import simulate
from ulmus.problems.sodarace.physics.state import TerrainArrays


@pytest.mark.parametrize("number", [0, 1, 2])
def test_known_walker_covers_its_known_distance(
    known: Any, flat: TerrainArrays, number: int
) -> None:
    motion = simulate([known[number].body], flat)[0]
    assert motion.displacement == pytest.approx(known[number].displacement, abs=1e-6)
    assert motion.distance == abs(motion.displacement)
    assert motion.finite
    assert motion.clamps == 0


@pytest.mark.parametrize("substeps_hz", [240, 960])
def test_distance_of_t1_hardly_depends_on_the_step(
    known: Any, flat: TerrainArrays, substeps_hz: int
) -> None:
    motion = simulate([known[0].body], flat, laws=Laws(substeps_hz=substeps_hz))[0]
    assert motion.displacement == pytest.approx(39.39, abs=0.02)
