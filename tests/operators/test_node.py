"""Node mutation: same arity, one place per draw, a known probability."""

from __future__ import annotations

import random

import pytest

from ulmus.errors import ConfigError
from ulmus.operators.conformance import check_operator
from ulmus.operators.node import NO_NODES, NOTHING_DRAWN, NodeMutation
from ulmus.problems.parity import Parity
from ulmus.problems.quadratic import Quadratic
from ulmus.records import Program, Proposal

PARITY, QUADRATIC = Parity(bugs=4).seeds()[0], Quadratic(bugs=2).seeds()[0]


def child(source: str, seed: int, rate: float = 0.2) -> Proposal:
    return NodeMutation(rate).propose([[Program(source)]], [random.Random(seed)])[0]


def children(source: str, rate: float, count: int = 400) -> list[str]:
    found = [child(source, seed, rate).program for seed in range(count)]
    return [program.source for program in found if program is not None]


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0])
def test_it_keeps_its_promises(rate: float) -> None:
    check_operator(NodeMutation(max(rate, 0.15)), [PARITY, QUADRATIC])


def test_one_terminal_is_replaced_by_each_of_the_others() -> None:
    found = set(children("def f(a, b):\n    return a\n", 1.0))
    expected = {"b", "c1", "c2", "c3", "c4", "0", "1", "2", "3"}
    assert {text.split()[-1] for text in found} == expected


def test_an_operator_is_replaced_by_each_of_the_others() -> None:
    found = {text.splitlines()[-1] for text in children("x = '' + ''\n", 1.0)}
    assert found == {f"x = '' {symbol} ''" for symbol in ("-", "*", "%", "**")}


def test_precedence_is_kept() -> None:
    found = set(children("def f(a, b, c):\n    return a * b ** c\n", 0.3, 1200))
    assert "def f(a, b, c):\n    return a * (b + c)\n" in found


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_nodes_are_drawn_with_the_rate(rate: float) -> None:
    source = "def f(a):\n    return a + a + a\n"
    drawn = [child(source, seed, rate) for seed in range(800)]
    none = sum(proposal.refusal == NOTHING_DRAWN for proposal in drawn) / len(drawn)
    assert none == pytest.approx((1 - rate) ** 5, abs=0.05)
    replaced = sum(proposal.note.count("→") for proposal in drawn) / len(drawn)
    assert replaced == pytest.approx(5 * rate, rel=0.1)


def test_only_the_expressions_change() -> None:
    for text in children(PARITY.source, 0.5):
        assert text.splitlines()[:2] == PARITY.source.splitlines()[:2]
        assert text.splitlines()[2].startswith("    return sum([")


def test_what_is_called_or_taken_apart_stays() -> None:
    source = "def f(a, g):\n    return g(a.real, a[0])\n"
    assert {text.splitlines()[-1].strip()[:18] for text in children(source, 1.0)} == {
        "return g(a.real, a"
    }


def test_renamed_bits_can_be_repaired() -> None:
    source = Parity(bugs=1).seeds()[0].source
    assert Parity(bugs=0).seeds()[0].source in children(source, 0.2, 1200)


def test_the_note_tells_what_was_replaced() -> None:
    proposal = child("def f(a):\n    return 2 % a\n", 3, 1.0)
    assert proposal.note.count(" → ") == 3
    assert proposal.note.startswith("% → ")
    long = child("x = " + " + ".join("abcdefghijk") + "\n", 1, 1.0)
    assert long.note.endswith("and 13 more")


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("def f():\n    'text'\n    return None\n", NO_NODES),
        ("x = f(\n", "parent does not parse"),
        ("#" * 300_000, "parent is too long"),
        ("x = " + "+".join(["1"] * 300) + "\n", NO_NODES),
    ],
)
def test_refusals(source: str, refusal: str) -> None:
    assert child(source, 1).refusal == refusal


def test_the_rate_is_checked_and_part_of_the_identity() -> None:
    assert NodeMutation().with_rate(0.25).identity == "node/1 (rate=0.25)"
    for rate in (0.0, -0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="the rate of node mutation"):
            NodeMutation(rate)
