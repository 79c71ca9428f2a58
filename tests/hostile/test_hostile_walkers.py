"""Programs and walkers that attack Sodarace: invalid with a reason, and no neighbour is harmed.

All walkers of a batch are simulated together, so a walker that blows up must not move another
walker's last bit.
"""

from __future__ import annotations

import math

import pytest

from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Evaluation, Json, Outcome, Program, Status
from ulmus.sandbox.base import Sandbox

PROBLEM = Sodarace(seconds=1.0)
HEAD = "from walk_creator import walker_creator\ndef make_walker():\n    wc = walker_creator()\n"
PROGRAMS = {
    "unclosed": "def make_walker(:\n    return 1",
    "loops": HEAD + "    while True: pass",
    "nothing": HEAD + "    wc.get_walker()",
    "nan_joint": HEAD + "    wc.add_joint(float('nan'), 0)\n    return wc.get_walker()",
    "nan_walker": HEAD + "    return {'joints': [[float('nan'), 0.0]], 'muscles': []}",
    "a_million_joints": HEAD
    + "    for k in range(10**6): wc.add_joint(k, 0)\n    return wc.get_walker()",
    "a_million_deep": HEAD + "    v = []\n    for k in range(10**6): v = [v]\n    return v",
    "unknown_handle": HEAD + "    wc.add_muscle(3, 4)\n    return wc.get_walker()",
    "forged_guest": HEAD
    + "    wc._joints = [(0.0, 0.0)] * 3\n    wc._links = [(0, 9, {'type': 'distance'})]\n"
    + "    wc._counts = [1] * 10\n    return wc.get_walker()",
}

BONE: Json = {"type": "distance"}
TRIANGLE: list[Json] = [[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]]
SIDES: list[Json] = [[0, 1, BONE], [1, 2, BONE], [0, 2, BONE]]
WALKERS: dict[str, Json] = {
    "nothing": None,
    "a_number": 1e9,
    "a_forged_score": {"distance": 1e9, "fitness": 1e9, "status": "ok"},
    "no_muscles": {"joints": TRIANGLE, "muscles": []},
    "joints_are_text": {"joints": "000", "muscles": SIDES},
    "joints_are_a_dict": {"joints": {"0": [0.0, 0.0]}, "muscles": SIDES},
    "a_joint_in_three_dimensions": {"joints": [[0.0, 0.0, 0.0]] * 3, "muscles": SIDES},
    "coordinates_are_truth_values": {
        "joints": [[True, False], [5.0, 0.0], [0.0, 5.0]],
        "muscles": SIDES,
    },
    "index_too_large": {"joints": TRIANGLE, "muscles": [*SIDES, [0, 3, BONE]]},
    "index_negative": {"joints": TRIANGLE, "muscles": [*SIDES, [0, -1, BONE]]},
    "index_huge": {"joints": TRIANGLE, "muscles": [*SIDES, [0, 2**62, BONE]]},
    "index_is_a_float": {"joints": TRIANGLE, "muscles": [*SIDES, [0, 1.5, BONE]]},
    "index_is_a_truth_value": {"joints": TRIANGLE, "muscles": [[False, True, BONE], *SIDES[1:]]},
    "unknown_kind": {"joints": TRIANGLE, "muscles": [*SIDES[:2], [0, 2, {"type": "rocket"}]]},
    "no_kind": {"joints": TRIANGLE, "muscles": [*SIDES[:2], [0, 2, {}]]},
    "far_away": {"joints": [[1e308, 0.0], [-1e308, 0.0], [0.0, 1e308]], "muscles": SIDES},
    "a_huge_amplitude": {
        "joints": TRIANGLE,
        "muscles": [*SIDES[:2], [0, 2, {"type": "muscle", "amplitude": 1e300, "phase": 0.0}]],
    },
    "a_huge_phase": {
        "joints": TRIANGLE,
        "muscles": [*SIDES[:2], [0, 2, {"type": "muscle", "amplitude": 1.0, "phase": 1e308}]],
    },
    "all_joints_in_one_place": {"joints": [[1.0, 1.0]] * 3, "muscles": SIDES},
    "far_too_many_joints": {
        "joints": [[float(k), 0.0] for k in range(20_000)],
        "muscles": [[k, k + 1, BONE] for k in range(19_999)],
    },
}
MAY_BE_VALID = {"a_huge_amplitude", "a_huge_phase"}


@pytest.fixture(scope="module")
def square(sandbox: Sandbox) -> tuple[Outcome, Evaluation]:
    """Return the outcome of the square seed and what it is worth on its own."""
    outcome = sandbox.run([PROBLEM.job(PROBLEM.seeds()[0])])[0]
    evaluation = PROBLEM.score([outcome])[0]
    assert evaluation.valid
    return outcome, evaluation


@pytest.mark.parametrize("name", PROGRAMS)
def test_bad_program_is_invalid(
    name: str, sandbox: Sandbox, square: tuple[Outcome, Evaluation]
) -> None:
    bad = PROBLEM.job(Program(PROGRAMS[name]))
    outcomes = sandbox.run([bad, PROBLEM.job(PROBLEM.seeds()[0])])
    evaluation, honest = PROBLEM.score(outcomes)
    assert not evaluation.valid
    assert evaluation.reason
    assert honest == square[1]


@pytest.mark.parametrize("name", WALKERS)
def test_bad_walker_is_invalid(name: str, square: tuple[Outcome, Evaluation]) -> None:
    bad = Outcome(Status.OK, WALKERS[name])
    evaluation, honest = PROBLEM.score([bad, square[0]])
    if name in MAY_BE_VALID and evaluation.valid:
        assert all(map(math.isfinite, (evaluation.fitness or 0.0, *evaluation.measures)))
        assert (evaluation.fitness or 0.0) < 1000.0
    else:
        assert not evaluation.valid
        assert evaluation.reason
    assert honest == square[1]


def test_all_bad_walkers_in_one_batch_harm_nobody(square: tuple[Outcome, Evaluation]) -> None:
    bad = [Outcome(Status.OK, value) for value in WALKERS.values()]
    evaluations = PROBLEM.score([item for one in bad for item in (one, square[0])])
    assert evaluations[1::2] == [square[1]] * len(bad)
