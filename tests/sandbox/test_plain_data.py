"""The rule for plain data, as the host applies it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulmus.sandbox.guest.plain_data import MAX_DEPTH, is_ordinary, why_not_plain

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
PLAIN = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@given(PLAIN)
def test_whatever_json_writes_and_reads_alike_is_plain(value: Any) -> None:
    assert why_not_plain(value) is None
    assert is_ordinary(value, 1000)
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "value is nan"),
        ({"joints": [0, [1.0, math.inf]]}, "value['joints'][1][1] is inf"),
        ([-math.inf], "value[0] is -inf"),
        ({"a": {1: 2}}, "value['a'] has a key of type int, expected str"),
        ([{1, 2}], "value[0] is a set, not plain data"),
        (object(), "value is an object, not plain data"),
        (2**63, "value is an integer beyond 64 bits"),
        ("\ud800", "value has a lone surrogate"),
        ({"\ud800": 1}, "value has a key with a lone surrogate"),
    ],
)
def test_the_message_says_what_and_where(value: Any, words: str) -> None:
    assert why_not_plain(value) == words


def test_a_hundred_levels_are_plain_and_one_more_is_not() -> None:
    assert why_not_plain(nested(MAX_DEPTH)) is None
    fault = why_not_plain(nested(MAX_DEPTH + 1))
    assert fault is not None
    assert fault.endswith("is nested deeper than 100 levels")
    assert len(fault) < 200
    assert not is_ordinary(nested(MAX_DEPTH + 1), 1000)


def test_parts_are_counted_also_if_they_are_shared() -> None:
    twins: list[Any] = [1]
    for _ in range(60):
        twins = [twins, twins]
    assert "too many parts" in str(why_not_plain(twins, 5000))
    assert not is_ordinary(twins, 5000)
    assert why_not_plain([0] * 9, 10) is None
    assert "too many parts" in str(why_not_plain([0] * 10, 10))


def test_a_value_that_contains_itself_is_not_plain() -> None:
    knot: list[Any] = []
    knot.append(knot)
    assert why_not_plain(knot) is not None
    assert not is_ordinary(knot, 1000)


def test_the_quick_look_leaves_everything_unusual_to_the_slow_one() -> None:
    class Table(dict[str, int]):
        pass

    assert why_not_plain(Table(a=1)) is None
    assert not is_ordinary(Table(a=1), 10)
    assert not is_ordinary([{1: 2}], 10)
