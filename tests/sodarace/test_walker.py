"""What counts as a walker, and what is read off it."""

import json
import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmus.problems.sodarace import walker as rules
from ulmus.problems.sodarace.walker import Invalid, Walker, parse_walker

BONE = {"type": "distance"}


def muscle(amplitude: Any = 1.0, phase: Any = 0.25) -> dict[str, Any]:
    return {"type": "muscle", "amplitude": amplitude, "phase": phase}


def triangle(**changes: Any) -> dict[str, Any]:
    value = {
        "joints": [[0, 0], [10, 0], [5, 8]],
        "muscles": [[0, 1, BONE], [1, 2, BONE], [2, 0, muscle()]],
    }
    return {**value, **changes}


def chain(num: int, step: float = 0.5) -> dict[str, Any]:
    """Return joints in rows of 50, linked one to the next."""
    joints = [[step * (k % 50), step * (k // 50)] for k in range(num)]
    return {"joints": joints, "muscles": [[k, k + 1, BONE] for k in range(num - 1)]}


def all_pairs(num: int) -> list[Any]:
    return [[i, j, BONE] for i in range(num) for j in range(i)]


def parsed(value: Any) -> Walker:
    walker = parse_walker(value)
    assert isinstance(walker, Walker), walker
    return walker


REASONS: dict[str, list[Any]] = {
    "nothing returned": [None],
    "not a dict": [[], 3, "walker", True, [["joints", []]]],
    "no list of joints": [{}, triangle(joints=None), triangle(joints={}), triangle(joints="ab")],
    "no list of muscles": [{"joints": [[0, 0]]}, triangle(muscles=3), triangle(muscles="abc")],
    "fewer than 2 joints": [triangle(joints=[]), triangle(joints=[[0, 0]])],
    "more than 300 joints": [chain(301), triangle(joints=[None] * 1_000_000)],
    "no connections": [triangle(muscles=[])],
    "more than 1000 connections": [
        {**chain(46), "muscles": all_pairs(46)},
        triangle(muscles=[None] * 1_000_000),
    ],
    "joint is not a pair of finite numbers": [
        triangle(joints=[[0, 0], bad, [5, 8]])
        for bad in (
            [True, 0], [0, None], [0, "1"], [0], [0, 0, 0], [], None, 3, "10", {"x": 1, "y": 2},
            [math.nan, 0], [0, math.inf], [-math.inf, 0], [10**400, 0], [0, -(10**309)],
        )
    ],
    "wider than 30 u": [triangle(joints=[[0, 0], [30.001, 0], [5, 8]]),
                        triangle(joints=[[-1e299, 0], [1e299, 0], [5, 8]])],
    "higher than 30 u": [triangle(joints=[[0, 0], [10, 0], [5, -30.001]])],
    "connection is not [i, j, properties]": [
        triangle(muscles=[[0, 1, BONE], bad])
        for bad in (None, [], [1, 2], [1, 2, BONE, 0], "12d", {"i": 1})
    ],
    "index is not an integer": [
        triangle(muscles=[[0, 1, BONE], [bad, 2, BONE]]) for bad in (True, 1.0, "1", None, [1])
    ],
    "index out of range": [
        triangle(muscles=[[0, 1, BONE], [1, bad, BONE]]) for bad in (3, -1, 10**40)
    ],
    "joint connected to itself": [triangle(muscles=[[0, 1, BONE], [2, 2, BONE]])],
    "two connections between the same joints": [
        triangle(muscles=[[0, 1, BONE], [1, 2, BONE], [1, 0, muscle()]])
    ],
    "properties are not a dict": [triangle(muscles=[[0, 1, bad]]) for bad in (None, "distance", 1)],
    "connection is neither distance nor muscle": [
        triangle(muscles=[[0, 1, bad]]) for bad in ({}, {"type": "spring"}, {"type": ["muscle"]})
    ],
    "amplitude is not a finite number": [
        triangle(muscles=[[0, 1, muscle(amplitude=bad)]]) for bad in (None, True, "1", math.nan, math.inf)
    ] + [triangle(muscles=[[0, 1, {"type": "muscle", "phase": 0.0}]])],
    "phase is not a finite number": [
        triangle(muscles=[[0, 1, muscle(phase=bad)]]) for bad in (None, False, [], math.nan)
    ],
    "amplitude beyond 0.3 of rest length": [
        triangle(muscles=[[0, 1, muscle(amplitude=bad)]]) for bad in (3.01, -3.01, 5, 10**30)
    ],
    "joints closer than 0.1 u": [
        triangle(joints=[[0, 0], [0.07, 0.07], [5, 8]], muscles=[[0, 1, BONE], [0, 2, BONE]]),
        triangle(joints=[[0, 0], [0, 0], [5, 8]]),
        triangle(joints=[[1e17, 0], [1e17, 0.05], [1e17, 8]],
                 muscles=[[0, 1, BONE], [1, 2, BONE]]),
    ],
    "connections not connected": [
        triangle(muscles=[[0, 1, BONE]]),
        {"joints": [[0, 0], [1, 0], [2, 0], [3, 0]], "muscles": [[0, 1, BONE], [2, 3, BONE]]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "value"), [(reason, value) for reason, values in REASONS.items() for value in values],
    ids=lambda part: part[:30] if isinstance(part, str) else "value",
)  # fmt: skip
def test_every_reason_is_given(reason, value):
    assert parse_walker(value) == Invalid(f"walker: {reason}")


def test_the_limits_themselves_are_allowed():
    parsed(chain(300))
    parsed({**chain(46), "muscles": all_pairs(46)[:1000]})
    parsed(triangle(joints=[[0, 0], [30, 0], [5, 30]]))
    parsed({"joints": [[0, 0], [0.1, 0]], "muscles": [[0, 1, BONE]]})


def test_tuples_and_further_keys_are_fine():
    value = triangle(name="trike", joints=((0, 0), (10, 0), (5, 8)))
    value["muscles"] = ((0, 1, {**BONE, "amplitude": 1}), *value["muscles"][1:])
    assert parsed(value) == parsed(triangle())


def test_strokes_are_shares_of_the_rest_length_and_phases_lose_whole_turns():
    drives = [muscle(-1.5, -0.25), muscle(1, 7), muscle(0, 0.5)]
    value = triangle(joints=[[0, 0], [10, 0], [0, 10]])
    value["muscles"] = [[0, 1, drives[0]], [0, 2, drives[1]], [1, 2, drives[2]]]
    first, second, third = parsed(value).connections
    assert (first.stroke, first.phase) == (-0.15, 0.75)
    assert (second.stroke, second.phase) == (0.1, 0.0)
    assert (third.stroke, third.phase) == (0.0, 0.5)


def test_strokes_printed_with_two_decimals_are_cut_to_the_limit():
    value = triangle(joints=[[0, 0], [7.07, 0], [5, 8]], muscles=[[0, 1, BONE], [1, 2, BONE]])
    value["muscles"][0][2] = muscle(2.125)  # 0.3 x 7.07 = 2.121
    assert parsed(value).connections[0].stroke == 0.3


@pytest.mark.parametrize("phase", [-1e-300, 1e300, -1e300, 10**200, 0.999999999999])
def test_every_finite_phase_ends_up_within_one_turn(phase):
    value = triangle()
    value["muscles"][2][2] = muscle(1, phase)
    assert 0.0 <= parsed(value).connections[2].phase < 1.0


def test_close_joints_are_found_as_by_comparing_all_pairs():
    rng = random.Random(2)
    found = set()
    for _ in range(300):
        num = rng.randint(2, 12)
        joints = [[rng.uniform(0, 0.7), rng.uniform(0, 0.7)] for _ in range(num)]
        close = any(
            (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 < 0.1 * 0.1
            for k, a in enumerate(joints)
            for b in joints[:k]
        )
        found.add(close)
        walker = parse_walker({**chain(num), "joints": joints})
        assert (walker == Invalid("walker: joints closer than 0.1 u")) is close
    assert found == {True, False}


def test_joints_that_the_builder_keeps_apart_are_apart_wherever_the_walker_stands(guest):
    """Coordinates with few digits put joints at 0.1, give or take a rounding error."""
    for tenths in range(-100, 100):
        builder = guest["walk_creator"].walker_creator()
        places = [(0, -3), (1.7, tenths / 10), (1.7, (tenths + 1) / 10)]
        handles = [builder.add_joint(x, y) for x, y in places]
        for a, b in pairwise(handles):
            builder.add_muscle(a, b)
        parsed(builder.get_walker())


def test_figures_of_a_triangle():
    walker = parsed(triangle(joints=[[0, 1], [3, 1], [3, 5]]))
    assert (walker.height, walker.width) == (4.0, 3.0)
    assert walker.mass == 3 + (3 + 4 + 5) / 2


def shuffled(value: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return the same walker as if its program had another order of statements."""
    order = list(range(len(value["joints"])))
    rng.shuffle(order)
    new = {old: k for k, old in enumerate(order)}
    muscles = [[new[i], new[j], drive] for i, j, drive in value["muscles"]]
    rng.shuffle(muscles)
    return {
        "joints": [value["joints"][old] for old in order],
        "muscles": [[j, i, d] if rng.random() < 0.5 else [i, j, d] for i, j, d in muscles],
    }


def random_walker(rng: random.Random) -> dict[str, Any]:
    num = rng.randint(3, 12)
    joints = [[rng.uniform(0, 20), rng.uniform(0, 20)] for _ in range(num)]
    muscles = [
        [k, rng.randrange(k), muscle(rng.uniform(-0.02, 0.02), rng.random())] for k in range(1, num)
    ]
    return {"joints": joints, "muscles": muscles}


def test_figures_do_not_depend_on_the_order_of_statements():
    rng = random.Random(3)
    for _ in range(50):
        value = random_walker(rng)
        one, other = parsed(value), parsed(shuffled(value, rng))
        assert (one.height, one.width, one.mass) == (other.height, other.width, other.mass)


def test_to_json_gives_back_what_parse_walker_read():
    rng = random.Random(4)
    for value in [triangle(), *(random_walker(rng) for _ in range(20))]:
        walker = parsed(value)
        again = parsed(json.loads(json.dumps(walker.to_json())))
        assert again.joints == walker.joints
        for link, same in zip(walker.connections, again.connections, strict=True):
            assert (link.i, link.j, link.phase) == (same.i, same.j, same.phase)
            assert same.stroke == pytest.approx(link.stroke, rel=1e-15)


def test_the_body_is_what_the_simulator_takes():
    walker = parsed(triangle())
    assert walker.body.joints == ((0.0, 0.0), (10.0, 0.0), (5.0, 8.0))
    assert walker.body.connections == walker.connections


NUMBERS = st.one_of(st.floats(), st.integers(), st.floats(0, 20), st.integers(-1, 5), st.booleans())
JSON = st.recursive(
    st.one_of(st.none(), NUMBERS, st.text(max_size=8)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["joints", "muscles", "type", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)
NEARLY = st.fixed_dictionaries(
    {
        "joints": st.lists(st.lists(NUMBERS, min_size=2, max_size=2) | JSON, max_size=6),
        "muscles": st.lists(
            st.tuples(
                NUMBERS,
                NUMBERS,
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["distance", "muscle"]) | JSON},
                    optional={"amplitude": NUMBERS, "phase": NUMBERS},
                ),
            )
            | JSON,
            max_size=8,
        ),
    }
)


@settings(max_examples=300, deadline=None)
@given(JSON | NEARLY)
def test_nothing_makes_parse_walker_raise(value):
    walker = parse_walker(value)
    if isinstance(walker, Invalid):
        assert walker.reason.startswith("walker: ")
        assert walker.reason.removeprefix("walker: ") in REASONS
    else:
        assert 0 <= walker.height <= 30
        assert 0 <= walker.width <= 30
        assert all(abs(link.stroke) <= rules.STROKE for link in walker.connections)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_builder_describes_in_bounds_is_valid_but_for_size_and_pieces(guest, data):
    """The guards of the interface and the rules of the host draw the same lines."""
    builder = guest["walk_creator"].walker_creator()
    places = st.tuples(st.floats(0, 20), st.floats(0, 20)) | st.tuples(
        st.integers(0, 9).map(lambda k: k * 0.05), st.integers(0, 9).map(lambda k: k * 0.05)
    )
    handles = [
        builder.add_joint(x, y) for x, y in data.draw(st.lists(places, min_size=2, max_size=9))
    ]
    ends = st.sampled_from(handles)
    drives = st.tuples(ends, ends, st.booleans(), st.floats(-20, 20), st.floats(-50, 50))
    for args in data.draw(st.lists(drives, min_size=1, max_size=15)):
        builder.add_muscle(*args)
    walker = parse_walker(builder.get_walker())
    if isinstance(walker, Invalid):
        assert walker.reason in {
            "walker: fewer than 2 joints",
            "walker: connections not connected",
        }


def test_a_million_entries_are_refused_at_once(benchmark_s: Callable[[Any], float]):
    many = [[0.0, 0.0]] * 1_000_000
    assert benchmark_s(lambda: parse_walker(triangle(joints=many))) < 0.01
    assert benchmark_s(lambda: parse_walker(triangle(muscles=many))) < 0.01


@pytest.fixture
def benchmark_s() -> Callable[[Any], float]:
    """Measure the best of five calls."""
    import timeit

    return lambda call: min(timeit.repeat(call, number=1, repeat=5))
