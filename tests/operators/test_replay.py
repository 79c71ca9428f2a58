"""The control `replay`: an accepted edit is pasted where its old lines occur, and only there."""

import random

import pytest

from ulmus.errors import ConfigError
from ulmus.operators import conformance
from ulmus.operators.replay import Replay
from ulmus.operators.syntax import SyntaxMutation
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program

BEFORE = "def f(x):\n    y = x + 1\n    return y\n"
AFTER = "def f(x):\n    y = x + 2\n    return y\n"


def child_of(source, edits=((BEFORE, AFTER),)):
    (proposal,) = Replay(edits).propose([[Program(source)]], [random.Random(1)])
    return proposal


def test_an_edit_is_pasted_into_another_program():
    proposal = child_of("import math\n\ndef g(x, z):\n    y = x + 1\n    return y * z\n")
    assert proposal.program == Program(
        "import math\n\ndef g(x, z):\n    y = x + 2\n    return y * z\n"
    )


def test_a_program_without_the_old_lines_is_refused():
    assert child_of("def f(x):\n    return x\n").refusal == "no edit fits"


def test_no_edits_is_an_error():
    with pytest.raises(ConfigError):
        Replay([])


def test_replay_conforms():
    programs = [Sodarace(seed_program=name).seeds()[0] for name in ("square", "radial")]
    children = SyntaxMutation().propose(
        [[program] for program in programs * 20], [random.Random(k) for k in range(40)]
    )
    edits = [
        (parent.source, child.program.source)
        for parent, child in zip(programs * 20, children, strict=True)
        if child.program is not None
    ]
    conformance.check_operator(Replay(edits), programs)
