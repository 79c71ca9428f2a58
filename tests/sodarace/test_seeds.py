"""The seed programs give the walkers that the paper describes."""

import math
from collections import Counter

import pytest

from ulmus.problems.sodarace import programs
from ulmus.problems.sodarace.walker import Walker, parse_walker


@pytest.fixture
def walker_dict(run):
    """Run a seed program by name."""
    return lambda name: run(programs.read_seed(name))


@pytest.mark.parametrize(
    ("name", "num_joints", "num_bones", "num_muscles"),
    [
        ("square", 5, 5, 3),
        # 9 joints and 16 links are asked for. Dividing by n - 1 puts rim point 7 only 0.016 from
        # point 0, so it is point 0: one joint less. Its rim link 7-0 is a self link and its spoke
        # a second link 0-centre: two links less. The spoke of point 0 has amplitude 0.
        ("radial", 8, 7, 7),
        ("cppn-fixed", 24, 0, 75),
        ("cppn-mutable", 24, 0, 75),
        # 8 x 3 links on the rim, 8 of them self links; 8 to the far joint
        ("wheel", 9, 0, 24),
        # 30 + 1 joints are asked for, many at the same place
        ("galloper", 22, 53, 23),
        ("runner", 40, 0, 410),
    ],
)
def test_every_seed_is_a_valid_walker(walker_dict, name, num_joints, num_bones, num_muscles):
    value = walker_dict(name)
    kinds = Counter(muscle[2]["type"] for muscle in value["muscles"])
    assert len(value["joints"]) == num_joints
    assert (kinds["distance"], kinds["muscle"]) == (num_bones, num_muscles)
    assert isinstance(parse_walker(value), Walker)


def test_the_square_is_the_dict_of_the_paper(walker_dict):
    value = walker_dict("square")
    assert value["joints"] == [[0, 0], [0, 10], [10, 10], [10, 0], [5, 5]]
    bones = [[0, 1], [1, 2], [2, 3], [3, 0], [3, 4]]
    assert [muscle[:2] for muscle in value["muscles"]] == [*bones, [0, 4], [1, 4], [2, 4]]
    assert all(muscle[2] == {"type": "distance"} for muscle in value["muscles"][:5])
    for muscle in value["muscles"][5:]:
        assert muscle[2].keys() == {"type", "amplitude", "phase"}
        assert muscle[2]["amplitude"] == pytest.approx(0.3 * 7.0710678, abs=1e-7)  # 5, 10, 2 asked
        assert muscle[2]["phase"] == 0.0


def test_the_radial_seed_is_a_heptagon_with_a_gap_of_a_hair(walker_dict):
    value = walker_dict("radial")
    *rim, centre = value["joints"]
    assert centre == [5.0, 5.0]
    assert all(math.dist(point, centre) == pytest.approx(5) for point in rim)
    spokes = [muscle for muscle in value["muscles"] if muscle[2]["type"] == "muscle"]
    assert [muscle[:2] for muscle in spokes] == [[k, 7] for k in range(7)]
    assert [muscle[2]["phase"] for muscle in spokes] == [k / 8 for k in range(7)]
    strokes = [muscle[2]["amplitude"] for muscle in spokes]
    assert strokes == pytest.approx([0.3 * 5 * k / 8 for k in range(7)])
    ring = [muscle[:2] for muscle in value["muscles"] if muscle[2]["type"] == "distance"]
    assert ring == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 0]]


def offsets(value):
    """Return the links of a grid of 1.5 u as ((x1, y1), (x2, y2)), x outer loop."""
    places = [(round(x / 1.5), round(y / 1.5)) for x, y in value["joints"]]
    return [(places[i], places[j]) for i, j, _ in value["muscles"]]


@pytest.mark.parametrize("name", ["cppn-fixed", "cppn-mutable"])
def test_the_grids_have_the_links_that_the_paper_implies(walker_dict, name):
    value = walker_dict(name)
    assert value["joints"] == [[1.5 * x, 1.5 * y] for x in range(8) for y in range(3)]
    pairs = offsets(value)
    assert Counter((c - a, d - b) for (a, b), (c, d) in pairs) == {
        (1, 0): 21,
        (2, 0): 18,
        (0, 1): 16,
        (1, 1): 12,
        (0, 2): 8,
    }
    # The skip test asks for x1 == y1 and x2 == y2: of the 14 diagonal steps the two between
    # points of the diagonal x = y are lost.
    steps = {((x, y), (x + 1, y + 1)) for x in range(7) for y in range(2)}
    assert steps - set(pairs) == {((0, 0), (1, 1)), ((1, 1), (2, 2))}


def test_the_skip_test_offers_points_off_the_diagonal_together_with_themselves(guest):
    calls = []

    class Recorder:
        def add_joint(self, x, y):
            return (x, y)

        def add_muscle(self, a, b, *drive):
            calls.append((a, b))

    guest["query_cppn"].query_cppn(
        Recorder(), 8, 3, 1, lambda a, b, c, d: (a - c) ** 2 + (b - d) ** 2 <= 4.5, max, min
    )
    assert sum(a == b for a, b in calls) == 21
    assert len(calls) == 75 + 21


def test_the_grids_differ_in_their_phases_only(walker_dict):
    fixed, mutable = walker_dict("cppn-fixed"), walker_dict("cppn-mutable")
    assert fixed["joints"] == mutable["joints"]
    for (i, j, one), (k, m, other) in zip(fixed["muscles"], mutable["muscles"], strict=True):
        x1 = i // 3
        assert (i, j, one["amplitude"]) == (k, m, other["amplitude"])
        assert one["phase"] == (1 if x1 else 0)
        assert other["phase"] == (x1 if x1 % 2 else -x1)


def test_the_wheel_has_a_gap_and_a_far_joint(walker_dict):
    value = walker_dict("wheel")
    rim, far = value["joints"][:8], value["joints"][8]
    assert far == [12.0, 6.0]
    assert all(math.dist(point, (0.5, -0.5)) == pytest.approx(1.5) for point in rim)
    sides = [math.dist(a, b) for a, b in zip(rim, [*rim[1:], rim[0]], strict=True)]
    assert sides[7] > 1.8 * sides[0]
    assert [muscle[2]["phase"] for muscle in value["muscles"][:3]] == [1 / 8] * 3
    assert value["muscles"][2][:2] == [0, 8]
    assert value["muscles"][2][2]["amplitude"] == pytest.approx(0.3 * math.dist(rim[0], far))


def test_the_runner_has_the_phase_of_its_column(walker_dict):
    value = walker_dict("runner")
    for i, _, drive in value["muscles"]:
        x1 = i // 8
        assert drive["phase"] == pytest.approx(-x1 / 2 - math.cos(math.pi / 9))


@pytest.mark.parametrize("name", programs.SEED_NAMES)
def test_seeds_run_without_their_imports_too(run, name):
    source = programs.read_seed(name)
    lines = [line for line in source.splitlines() if not line.startswith(("import", "from"))]
    assert len(lines) < len(source.splitlines())
    assert run("\n".join(lines)) == run(source)
