"""Films of walkers as plain data."""

import json
from itertools import pairwise

import pytest

from ulmus.errors import ConfigError
from ulmus.problems.sodarace.frames import film, outline_between
from ulmus.problems.sodarace.judging import judge
from ulmus.problems.sodarace.walker import parse_walker

HOPPER = parse_walker(
    {
        "joints": [[0, 1.7], [5.4, 0], [4.8, 5.6]],
        "muscles": [
            [0, 1, {"type": "muscle", "amplitude": -1.5, "phase": 0.96}],
            [0, 2, {"type": "muscle", "amplitude": -0.8, "phase": 0.93}],
            [1, 2, {"type": "distance"}],
        ],
    }
)


def mean_x(frame):
    return sum(x for x, _ in frame) / len(frame)


def test_a_film_shows_the_motion_that_is_scored():
    shown = film(HOPPER, fps=20)
    start, end = shown.frames[shown.num_settling], shown.frames[-1]
    assert shown.num_settling == 60
    assert len(shown.frames) == len(shown.camera) == 60 + 201
    assert mean_x(end) - mean_x(start) == pytest.approx(judge(HOPPER).displacement, abs=0.002)


def test_joints_keep_the_order_of_the_program():
    first = film(HOPPER, seconds=0.1).frames[0]
    expected = [(-2.7, 1.95), (2.7, 0.25), (2.1, 5.85)]  # centred, the lowest on the floor
    for joint, place in zip(first, expected, strict=True):
        assert joint == pytest.approx(place, abs=0.01)


def test_the_camera_follows_the_walker_smoothly():
    shown = film(HOPPER, fps=20)
    centres = [mean_x(frame) for frame in shown.frames]
    jerks = [abs(b - a) for a, b in pairwise(shown.camera)]
    assert max(abs(a - b) for a, b in zip(centres, shown.camera, strict=True)) < 5
    assert max(jerks) < max(abs(b - a) for a, b in pairwise(centres))


def test_the_ground_reaches_as_far_as_the_walker_goes():
    shown = film(HOPPER, "bumpy")
    xs = [x for frame in shown.frames for x, _ in frame]
    (outline,) = shown.ground
    assert outline[0][0] == pytest.approx(min(xs) - 20, abs=0.01)
    assert outline[-1][0] == pytest.approx(max(xs) + 20, abs=0.01)
    assert shown.top == max(y for frame in shown.frames for _, y in frame)


def test_json_of_a_film_is_small_and_says_what_the_links_are():
    shown = film(HOPPER, seconds=1.0, settle_s=0.5, fps=10)
    value = json.loads(json.dumps(shown.to_json()))
    assert value["links"] == [
        {"i": 0, "j": 1, "kind": "muscle", "stroke": -0.265, "phase": 0.96},
        {"i": 0, "j": 2, "kind": "muscle", "stroke": -0.129, "phase": 0.93},
        {"i": 1, "j": 2, "kind": "bone"},
    ]
    assert (value["fps"], value["num_settling"], len(value["frames"])) == (10, 5, 16)
    assert value["frames"][3] == [value for joint in shown.frames[3] for value in joint]
    assert len(json.dumps(value)) < 2500


def test_outlines_are_cut_to_the_picture():
    roof = ((-10.0, 0.0), (0.0, 10.0), (10.0, 0.0))
    assert outline_between([roof], -5.0, 2.0) == (((-5.0, 5.0), (0.0, 10.0), (2.0, 8.0)),)
    assert outline_between([roof], 11.0, 12.0) == ()
    assert outline_between([roof, roof[1:]], 4.0, 100.0) == (((4.0, 6.0), (10.0, 0.0)),) * 2


def test_walls_are_kept_and_lines_that_leave_and_come_back_are_split():
    wall = ((-100.0, 0.0), (25.0, 0.0), (25.0, 200.0), (100.0, 200.0))
    assert outline_between([wall], 20.0, 25.0) == (
        ((20.0, 0.0), (25.0, 0.0), (25.0, 200.0), (25.0, 200.0)),
    )
    zigzag = ((0.0, 0.0), (10.0, 1.0), (0.0, 2.0))
    assert outline_between([zigzag], 0.0, 5.0) == (
        ((0.0, 0.0), (5.0, 0.5)),
        ((5.0, 1.5), (0.0, 2.0)),
    )


def test_what_cannot_be_simulated_has_no_film():
    far = {"joints": [[1e300, 0], [1e300, 5]], "muscles": [[0, 1, {"type": "distance"}]]}
    assert film(parse_walker(far)) is None


def test_unknown_terrains_are_refused():
    with pytest.raises(ConfigError, match="unknown terrain"):
        film(HOPPER, "moon")
