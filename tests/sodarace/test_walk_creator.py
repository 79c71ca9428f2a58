"""The interface that programs see, with its quiet repairs."""

import math
import random
from decimal import Decimal
from fractions import Fraction

import pytest


def line(builder, length=2):
    """Add joints at (0, 0), (10, 0), ... and return their handles."""
    return [builder.add_joint(10 * k, 0) for k in range(length)]


def only_link(builder):
    (muscle,) = builder.get_walker()["muscles"]
    return muscle


def test_a_new_builder_is_empty(builder):
    assert builder.get_walker() == {"joints": [], "muscles": []}


def test_two_arguments_make_a_bone(builder):
    builder.add_muscle(*line(builder))
    assert builder.get_walker() == {
        "joints": [[0.0, 0.0], [10.0, 0.0]],
        "muscles": [[0, 1, {"type": "distance"}]],
    }


@pytest.mark.parametrize("rigid", [True, 1, "yes", 0.1, (True, 30, 0.5)])
def test_what_is_true_makes_a_bone_and_amplitude_and_phase_are_not_looked_at(builder, rigid):
    args = rigid if isinstance(rigid, tuple) else (rigid, "strong", math.nan)
    builder.add_muscle(*line(builder), *args)
    assert only_link(builder) == [0, 1, {"type": "distance"}]


@pytest.mark.parametrize("spring", [False, 0, 0.0, "", None])
def test_what_is_false_makes_a_muscle(builder, spring):
    builder.add_muscle(*line(builder), spring, 1.0, 0.25)
    assert only_link(builder) == [0, 1, {"type": "muscle", "amplitude": 3.0, "phase": 0.25}]


def test_arguments_have_the_names_of_the_paper(builder):
    a, b = line(builder)
    builder.add_muscle(a, b, is_distance=False, phase=0.5, amplitude=0.5)
    assert only_link(builder) == [0, 1, {"type": "muscle", "amplitude": 1.5, "phase": 0.5}]


def test_a_muscle_without_amplitude_stands_still(builder):
    builder.add_muscle(*line(builder), False)
    assert only_link(builder)[2] == {"type": "muscle", "amplitude": 0.0, "phase": 0.0}


@pytest.mark.parametrize(
    ("amplitude", "stroke"),
    [(0.5, 1.5), (1, 3.0), (5, 3.0), (1e300, 3.0), (-0.5, -1.5), (-7, -3.0), (0, 0.0)],
)
def test_the_stroke_is_three_tenths_of_the_rest_length_times_the_cut_amplitude(
    builder, amplitude, stroke
):
    builder.add_muscle(*line(builder), False, amplitude, 0)
    assert only_link(builder)[2]["amplitude"] == pytest.approx(stroke, abs=1e-15)


class Scalar:
    """A number of some other library."""

    def __float__(self):
        return 0.5


@pytest.mark.parametrize("number", [True, 0.5, Decimal("0.5"), Fraction(1, 2), Scalar()])
def test_bools_and_scalars_are_numbers(builder, number):
    far = builder.add_joint(10, number)
    builder.add_muscle(builder.add_joint(number, 0), far, False, number, number)
    joints, ((_, _, drive),) = builder.get_walker().values()
    assert joints == [[10.0, float(number)], [float(number), 0.0]]
    assert drive["phase"] == float(number)
    assert all(type(value) is float for joint in joints for value in joint)


@pytest.mark.parametrize("bad", ["1", b"1", None, 1j, [1.0]])
def test_what_is_no_number_raises(builder, bad):
    with pytest.raises(TypeError):
        builder.add_joint(bad, 0)
    with pytest.raises(TypeError):
        builder.add_muscle(*line(builder), False, bad)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_raises(builder, bad):
    with pytest.raises(ValueError, match="finite"):
        builder.add_joint(0, bad)
    with pytest.raises(ValueError, match="finite"):
        builder.add_muscle(*line(builder), False, bad)
    with pytest.raises(ValueError, match="finite"):
        builder.add_muscle(*line(builder), False, 1, bad)


def test_an_integer_beyond_all_floats_raises(builder):
    with pytest.raises(OverflowError):
        builder.add_joint(10**400, 0)


def test_negative_zero_becomes_zero(builder):
    builder.add_muscle(builder.add_joint(-0.0, 0), builder.add_joint(1, 0))
    assert str(builder.get_walker()["joints"][0][0]) == "0.0"


def test_a_near_joint_is_the_earlier_one(builder):
    first = builder.add_joint(5, 5)
    assert builder.add_joint(5.06, 5.06) == first
    assert builder.add_joint(5, 4.91) == first
    assert builder.add_joint(5.11, 5) != first


def test_a_distance_of_exactly_a_tenth_is_far_enough(builder):
    assert builder.add_joint(0, 0) != builder.add_joint(0.1, 0)


def test_of_several_near_joints_the_earliest_is_taken(builder):
    first, second = builder.add_joint(0, 0), builder.add_joint(0.15, 0)
    assert first != second
    assert builder.add_joint(0.09, 0) == first
    assert builder.add_joint(0.12, 0) == second


def test_near_joints_are_found_wherever_they_lie(builder):
    """The same joints as a search through all of them finds, also when asked for again."""
    rng, kept = random.Random(1), []
    points = [(rng.uniform(-2, 2), rng.uniform(-2, 2)) for _ in range(600)]
    for x, y in points + points:
        near = [k for k, (a, b) in enumerate(kept) if (a - x) ** 2 + (b - y) ** 2 < 0.1 * 0.1]
        assert builder.add_joint(x, y) == (near[0] if near else len(kept))
        if not near:
            kept.append((x, y))
    assert 100 < len(kept) < 600


def test_a_number_without_a_hash_is_a_number(builder):
    class Bare:
        __hash__ = None

        def __float__(self):
            return 5.0

    first = builder.add_joint(5, 5)
    assert builder.add_joint(Bare(), 5) == first
    with pytest.raises(TypeError):
        builder.add_joint([5], 5)


def test_self_links_are_ignored(builder):
    a, b = line(builder)
    builder.add_muscle(a, a)
    builder.add_muscle(a, b)
    assert len(builder.get_walker()["muscles"]) == 1


def test_a_second_link_between_two_joints_is_ignored_in_both_directions(builder):
    a, b = line(builder)
    builder.add_muscle(b, a, False, 1, 0.5)
    builder.add_muscle(a, b)
    builder.add_muscle(b, a, False, 0.1, 0)
    assert only_link(builder) == [1, 0, {"type": "muscle", "amplitude": 3.0, "phase": 0.5}]


def test_links_beyond_the_64th_at_one_joint_are_ignored(builder):
    centre, *others = line(builder, 101)
    for k, other in enumerate(others):
        builder.add_muscle(*((centre, other) if k % 2 else (other, centre)))
    builder.add_muscle(others[-1], others[-2])
    walker = builder.get_walker()
    assert len(walker["muscles"]) == 65
    assert len(walker["joints"]) == 67


def test_joints_without_links_are_dropped_and_the_others_counted_anew(builder):
    _, b, _, d = line(builder, 4)
    builder.add_muscle(d, b)
    assert builder.get_walker() == {
        "joints": [[10.0, 0.0], [30.0, 0.0]],
        "muscles": [[1, 0, {"type": "distance"}]],
    }


def test_get_walker_gives_copies_and_the_builder_goes_on(builder):
    a, b, c = line(builder, 3)
    builder.add_muscle(a, b)
    builder.get_walker()["muscles"][0][2]["type"] = "changed"
    builder.add_muscle(b, c)
    assert [muscle[2] for muscle in builder.get_walker()["muscles"]] == [{"type": "distance"}] * 2


def test_builders_do_not_share_anything(guest):
    one, other = guest["walk_creator"].walker_creator(), guest["walk_creator"].walker_creator()
    one.add_muscle(*line(one))
    assert other.get_walker()["joints"] == []


@pytest.mark.parametrize(
    ("handle", "error"), [(7, IndexError), (-1, IndexError), (None, TypeError)]
)
def test_a_handle_that_no_joint_has_raises(builder, handle, error):
    line(builder)
    with pytest.raises(error):
        builder.add_muscle(0, handle)


def test_a_thousand_joints_are_the_end(builder, guest):
    line(builder, 1000)
    with pytest.raises(guest["walk_creator"].TooManyJoints, match="1000"):
        builder.add_joint(-10, 0)
    assert builder.add_joint(0, 0) == 0


def test_four_thousand_links_are_the_end(builder, guest):
    handles = line(builder, 200)
    for step in range(1, 21):
        for k, a in enumerate(handles):
            builder.add_muscle(a, handles[(k + step) % len(handles)])
    builder.add_muscle(handles[0], handles[1])
    with pytest.raises(guest["walk_creator"].TooManyMuscles, match="4000"):
        builder.add_muscle(handles[0], handles[100])
