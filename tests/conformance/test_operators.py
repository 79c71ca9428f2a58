"""Every built-in operator keeps the promises of the protocol; broken ones are found out."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmus.catalogue import BUILT_INS, make_operator
from ulmus.operators import conformance
from ulmus.operators.syntax import SyntaxMutation
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program, Proposal

NAMES = sorted(BUILT_INS["operator"])
PROGRAMS = [
    Sodarace(seed_program=name).seeds()[0]
    for name in ("square", "radial", "cppn-fixed", "cppn-mutable", "galloper")
]


@pytest.mark.parametrize("name", NAMES)
def test_built_in_operators_conform(name):
    conformance.check_operator(make_operator(name), PROGRAMS)


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_operator_makes_the_same_children(name):
    used, fresh = make_operator(name), make_operator(name)
    parents = [PROGRAMS[index : index + used.arity] for index in range(3)]
    for seed in range(20):
        used.propose(parents, [random.Random(seed)] * 3)
    rngs = [[random.Random(index) for index in range(3)] for _ in range(2)]
    assert used.propose(parents, rngs[0]) == fresh.propose(parents, rngs[1])


@pytest.mark.parametrize("name", NAMES)
@given(texts=st.lists(st.text(max_size=60), min_size=2, max_size=2), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_no_text_raises(name, texts, seed):
    operator = make_operator(name)
    parents = [Program(text) for text in texts[: operator.arity]]
    (proposal,) = operator.propose([parents], [random.Random(seed)])
    conformance.check_proposal(operator, proposal)


class Careless(SyntaxMutation):
    """Does what it is told to do wrong."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.count = 0

    def propose(self, parents, rngs):
        proposals = super().propose(parents, rngs)
        self.count += 1
        if self.fault == "drops" and proposals:
            return proposals[1:]
        if self.fault == "reverses":
            return proposals[::-1]
        if self.fault == "remembers":
            return [replace(p, note=f"{p.note} {self.count}") for p in proposals]
        if self.fault == "neighbours":
            return [replace(p, note=str(len(proposals))) for p in proposals]
        if self.fault == "neither":
            return [replace(p, program=None) for p in proposals]
        if self.fault == "copies":
            pairs = zip(proposals, parents, strict=True)
            return [Proposal(self.name, proposal.parents, pair[0]) for proposal, pair in pairs]
        return [p if "parse" not in (p.refusal or "") else 1 / 0 for p in proposals]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("drops", conformance.check_pairing),
        ("reverses", conformance.check_pairing),
        ("remembers", conformance.check_determinism),
        ("neighbours", conformance.check_independence),
        ("neither", conformance.check_pairing),
        ("copies", conformance.check_makes_children),
    ],
)
def test_a_broken_promise_is_found(fault, check):
    with pytest.raises((AssertionError, ValueError)):
        check(Careless(fault), PROGRAMS, 10)


def test_an_operator_that_raises_is_found():
    with pytest.raises(ZeroDivisionError):
        conformance.check_hostile_parents(Careless("raises"))
