"""The stand-in for NumPy agrees with NumPy where it has something to say."""

import numpy as np
import pytest

FUNCTIONS = ["sin", "cos", "tan", "arcsin", "arctan", "sinh", "cosh", "tanh", "exp", "sqrt"]
FUNCTIONS += ["square", "abs", "absolute", "sign", "floor", "ceil", "radians", "degrees"]


@pytest.fixture
def stand_in(guest):
    return guest["numpy"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_one_number_agree(stand_in, name):
    for x in (0.0, 0.25, 0.9):
        assert getattr(stand_in, name)(x) == pytest.approx(getattr(np, name)(x), rel=1e-14)
    row = getattr(stand_in, name)([0.1, 0.2])
    assert row == pytest.approx(getattr(np, name)([0.1, 0.2]).tolist(), rel=1e-14)


@pytest.mark.parametrize("name", ["arctan2", "hypot", "power", "mod", "minimum", "maximum", "add"])
def test_functions_of_two_numbers_agree(stand_in, name):
    ours, theirs = getattr(stand_in, name), getattr(np, name)
    for x, y in ((1.5, 2.0), (2.0, 0.75), (7.0, 7.0)):
        assert ours(x, y) == pytest.approx(float(theirs(x, y)), rel=1e-14)
    assert ours([1.0, 2.0], 3.0) == pytest.approx(theirs([1.0, 2.0], 3.0).tolist(), rel=1e-14)


@pytest.mark.parametrize("args", [(0, 1, 5), (2, -2, 9), (0, 1, 1), (0, 1, 0)])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_agrees(stand_in, args, endpoint):
    ours = stand_in.linspace(*args, endpoint=endpoint)
    assert ours == pytest.approx(np.linspace(*args, endpoint=endpoint).tolist(), abs=1e-15)


@pytest.mark.parametrize("args", [(5,), (2, 7), (0, 1, 0.25), (5, 0, -2), (3, 3)])
def test_arange_agrees(stand_in, args):
    assert stand_in.arange(*args) == np.arange(*args).tolist()


def test_rows_compute_element_by_element(stand_in):
    row, same = stand_in.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0])
    for compute in (
        lambda a: a + 1,
        lambda a: 1 - a,
        lambda a: a * a,
        lambda a: 2 / a,
        lambda a: -a,
        lambda a: a**2 % 3,
        lambda a: 2**a // 3,
    ):
        assert list(compute(row)) == compute(same).tolist()
    with pytest.raises(ValueError, match="do not fit"):
        row * [1.0]


def test_the_rest_of_the_small_functions(stand_in):
    assert stand_in.clip(5, 0, 1) == 1
    assert stand_in.clip([-1, 0.5], 0, 1) == [0, 0.5]
    assert stand_in.round(2.345, 2) == pytest.approx(2.35, abs=0.011)
    assert stand_in.round([1.2, 1.8]) == [1.0, 2.0]
    assert stand_in.mean(stand_in.ones(4)) == 1.0
    assert stand_in.sum(stand_in.zeros(3)) == 0.0
    assert stand_in.pi == np.pi
    assert stand_in.float64(2) == 2.0
    assert type(stand_in.array((1, 2)).tolist()) is list


def test_what_is_missing_is_missing(stand_in):
    with pytest.raises(AttributeError):
        stand_in.linalg  # noqa: B018


def test_random_numbers_follow_from_the_seed(stand_in):
    def draw():
        stand_in.random.seed(3)
        random = stand_in.random
        return [
            random.rand(),
            *random.rand(3),
            random.randn(),
            *random.randn(2),
            random.uniform(-1, 1),
            random.normal(),
            random.randint(10),
            random.randint(5, 8),
            random.choice([1, 2, 3]),
            random.choice(4),
            random.random(),
        ]

    first = draw()
    assert first == draw()
    assert 0 <= first[0] < 1
    assert 5 <= first[10] < 8
