"""What every operator promises, as checks that raise AssertionError; the price of entry.

    from ulmus.operators.conformance import check_operator
    check_operator(MyOperator(), [Program(text), ...])

The checks know nothing of what the operator does. They feed it honest parents and hostile ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from ulmus.operators.base import Operator
from ulmus.records import Program, Proposal

HOSTILE_PARENTS: tuple[str, ...] = (
    "",
    "\n",
    "\ufeff",
    "x = 1\0",
    "def f(:\n",
    "    return\n",
    "x = '\ud800'\n",
    "\t\tx = 1\n  y = 2\n",
    "x = " + "(" * 300 + ")" * 300,
    "x = " + "-" * 20_000 + "1\n",
    "x = " + "+".join(["1"] * 3_000) + "\n",
    "x = " + "[" * 90 + "]" * 90 + "\n",
    "x = " + "9" * 5_000 + "\n",
    "x = f(1e999, -1e999, 2)\n",
    "x = f("
    + "9" * 400
    + ", 2)\nfor i in range("
    + "9" * 400
    + "):\n    x = [x, x]["
    + "9" * 30
    + "]\n",
    "#" * 300_000,
    "é = 'ü'; ß = é  # 数\n",
    "def f(): return 1\n",
    "f'{x!r:>{w}}' if (y := 1) else lambda *a, **k: (yield)\n",
    "\r\n\r\nx = 1\r\ny = x + 2\r",
)
"""Texts that are no programs, or programs at the edge of what Python takes."""


def check_operator(operator: Operator, programs: Sequence[Program], num_children: int = 40) -> None:
    """Check all promises.

    Args:
        operator: The operator to check.
        programs: Programs that the operator is meant for, at least one.
        num_children: Children per check.
    """
    check_description(operator)
    check_pairing(operator, programs, num_children)
    check_determinism(operator, programs, num_children)
    check_independence(operator, programs, num_children)
    check_hostile_parents(operator)
    check_makes_children(operator, programs, num_children)


def check_description(operator: Operator) -> None:
    """Check that name, identity and arity can be used."""
    assert isinstance(operator, Operator), "a member of the protocol is missing"
    assert operator.name, "the name is empty"
    assert not set(operator.name) & set(",=; \n"), f"{operator.name!r} would break an option"
    assert operator.name in operator.identity, "the identity does not hold the name"
    assert operator.identity == operator.identity.strip(), "the identity has white space around it"
    assert operator.arity >= 0, "the number of parents is negative"


def check_pairing(operator: Operator, programs: Sequence[Program], num_children: int) -> None:
    """Check that each request has one answer, in the same order, with its own parents."""
    assert operator.propose([], []) == [], "no parents must give no proposals"
    parents = _parents(operator, programs, num_children)
    for pair, proposal in zip(parents, _propose(operator, parents), strict=True):
        assert proposal.parents == tuple(parent.hash for parent in pair), "not its own parents"
        check_proposal(operator, proposal)


def check_proposal(operator: Operator, proposal: Proposal) -> None:
    """Check one proposal: a program or a refusal, never both, never neither."""
    assert proposal.operator == operator.name, f"made by {proposal.operator!r}"
    assert (proposal.program is None) != (proposal.refusal is None), "a program or a refusal"
    assert proposal.refusal is None or 0 < len(proposal.refusal) <= 60, "not a short phrase"
    if operator.replayable:
        assert proposal.answer is None, "a replayable operator needs no recorded answer"


def check_determinism(operator: Operator, programs: Sequence[Program], num_children: int) -> None:
    """Check that equal parents with equal generators give equal children, whatever came before."""
    if not operator.replayable:
        return
    parents = _parents(operator, programs, num_children)
    assert _propose(operator, parents) == _propose(operator, parents), "not a function of its seed"


def check_independence(operator: Operator, programs: Sequence[Program], num_children: int) -> None:
    """Check that a batch may be cut anywhere and put in any order."""
    if not operator.replayable:
        return
    parents = _parents(operator, programs, num_children)
    whole = _propose(operator, parents)
    alone = [
        operator.propose([pair], [random.Random(index)])[0] for index, pair in enumerate(parents)
    ]
    assert alone == whole, "a child depends on its neighbours"
    backwards = operator.propose(
        parents[::-1], [random.Random(index) for index in reversed(range(len(parents)))]
    )
    assert backwards[::-1] == whole, "a child depends on the order of a batch"


def check_hostile_parents(operator: Operator, texts: Sequence[str] = HOSTILE_PARENTS) -> None:
    """Check that no parent text raises; what cannot be done is refused."""
    for first in texts:
        second = texts[(texts.index(first) + 1) % len(texts)]
        for parents in ([Program(first)] * operator.arity, [Program(first), Program(second)]):
            pair = parents[: operator.arity]
            for proposal in operator.propose([pair], [random.Random(1)]):
                check_proposal(operator, proposal)


def check_makes_children(
    operator: Operator, programs: Sequence[Program], num_children: int
) -> None:
    """Check that programs which the operator is meant for have children unlike themselves."""
    parents = _parents(operator, programs, num_children)
    proposals = _propose(operator, parents)
    made = [proposal.program for proposal in proposals if proposal.program is not None]
    assert made, f"only refusals: {proposals[0].refusal}"
    unlike = [
        child
        for pair, proposal in zip(parents, proposals, strict=True)
        if (child := proposal.program) is not None and child not in pair
    ]
    assert len(unlike) * 2 > len(made), "most children equal a parent"


def _parents(
    operator: Operator, programs: Sequence[Program], num_children: int
) -> list[list[Program]]:
    draw: Callable[[int], Program] = lambda k: programs[k % len(programs)]  # noqa: E731
    return [[draw(index + k) for k in range(operator.arity)] for index in range(num_children)]


def _propose(operator: Operator, parents: list[list[Program]]) -> list[Proposal]:
    return operator.propose(parents, [random.Random(index) for index in range(len(parents))])
