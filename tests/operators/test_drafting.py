"""What holds of an answer while it is written: the begin of a program, an edit so far."""

from __future__ import annotations

import pickle
import random

import pytest

from ulmus.catalogue import make_operator, make_problem
from ulmus.diffs.prompts import Layout
from ulmus.models.drafts import LONGEST_LINE
from ulmus.operators.diff import DiffSettings
from ulmus.operators.drafting import EditCheck, ProgramCheck, state_of

PARENT = """import math


def ring(n):
    points = []
    for k in range(n):
        points.append(math.cos(k))
    return points


def make():
    count = 8
    return ring(count)
"""

CHECK = EditCheck(PARENT, Layout(), 4)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", "whole"),
        ("# a word\n", "whole"),
        ("def f():\n    x = 1\n", "whole"),
        ("def f():\n", "open"),
        ("for i in x:\n    if y:\n\n", "open"),
        ("if a:\n    b\nelse:\n", "open"),
        ("f(a[\n", "inside"),
        ("f(1,\n  2,\n", "inside"),
        ('"""a\nb\n', "inside"),
        ("x = \\\n", "inside"),
        ("try:\n    x\n", "inside"),
        ("@f\n", "inside"),
        ("x = 1)\n", "broken"),
        ("x = (1]\n", "broken"),
        ("f(a b)\n", "broken"),
        ("f(1, 2\n    x = 3\n", "broken"),
        ("def f():\nx = 1\n", "broken"),
        ("    x = 1\n", "broken"),
        ("x = 'a\n", "broken"),
        ("x = 07\n", "broken"),
        ("return 1\n", "broken"),
        ("x = '\0'\n", "broken"),
        ("(" * 5000 + "\n", "broken"),
        ("-" * 100_000 + "1\n", "broken"),
    ],
)
def test_what_a_text_is_as_the_begin_of_a_program(text, state) -> None:
    assert state_of(text) == state


def test_looking_at_a_program_warns_nobody(recwarn) -> None:
    assert state_of("x = 1if y else 2\nx is 3\n") == "whole"
    assert not recwarn.list


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("@@ 12\n", "undecided"),  # only the place: it is drawn again with its first line
        ("@@ 12\n    count = 9\n", "held"),
        ("@@ 12\n    count = 9)\n", "broken"),
        ("@@ 12\n    count = (9\n", "undecided"),
        ("@@ 12\n    count = (9\n    + 1)\n", "held"),
        ("@@ 12\n    count = nine\n", "broken"),  # nobody binds it
        ("@@ 12\n    count = len(PARENT)\n", "broken"),
        ("@@ 12\n    count = points\n", "undecided"),  # somebody does, somewhere
        ("@@ 12\n    size = 9\n", "undecided"),  # what reads `count` may still be changed
        ("@@ 12\n    size = 9\n@@ 13\n", "undecided"),
        ("@@ 12\n    size = 9\n@@ 13\n    return ring(size)\n", "held"),
        ("@@ 11+\n    if True:\n", "undecided"),
        ("@@ 11+\n    if True:\n    x = 1\n", "broken"),
        ("@@ 11+\n    if ten:\n", "undecided"),
        ("@@ 11+\n    x = (ten\n", "undecided"),
        ("@@ 6\n    for k in range(n):\n        x = k\n", "held"),
        ("@@ 6\n    for k in range(n) if k:\n", "broken"),
        ("@@ 40\n    x = 1\n", "broken"),  # there is no such line
        ("@@ 5\n    points = [1]\n@@ 6\n    for j in range(n):\n", "undecided"),
        ("so I would say\n", "undecided"),
        ("@@ 9+\n\n", "held"),
        ("@@ 0+\nimport cmath\n", "held"),
        ("@@ 13+\n    return 1\n", "held"),
        ("@@ 13+\nreturn 1\n", "held"),  # found at the end, where it is compiled in full
    ],
)
def test_an_edit_so_far(text, standing) -> None:
    assert CHECK.standing(text, ended=False) == standing


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("@@ 12\n    count = 9", "held"),
        ("@@ 12", "broken"),  # what is left needs it
        ("@@ 12\n    size = 9", "broken"),
        ("@@ 12\n    count = 8", "broken"),  # changes nothing
        ("@@ 12\n    count = (9", "broken"),
        ("@@ 13+\nreturn 1", "broken"),
        ("no edit", "broken"),
        ("", "broken"),
    ],
)
def test_a_whole_edit(text, standing) -> None:
    assert CHECK.standing(text, ended=True) == standing


def test_a_parent_that_reads_what_nobody_binds_may_go_on_doing_so() -> None:
    check = EditCheck("x = given\ny = 2\n", Layout(), 4)
    assert check.standing("@@ 2\ny = given\n", ended=False) == "held"
    assert check.standing("@@ 2\ny = taken\n", ended=False) == "broken"


@pytest.mark.parametrize(
    ("text", "ended", "standing"),
    [
        ("y = 2\n", False, "held"),
        ("def f():\n", False, "held"),
        ("y = (\n", False, "undecided"),
        ("y = )\n", False, "broken"),
        ("y = 2", True, "held"),
        ("def f():", True, "broken"),
        ("y = (", True, "broken"),
    ],
)
def test_a_program_so_far(text, ended, standing) -> None:
    assert ProgramCheck("x = 1\n", 2).standing(text, ended=ended) == standing


def test_checks_travel_to_the_workers_and_say_all_of_themselves() -> None:
    for check in (CHECK, ProgramCheck("x = 1\n", 2)):
        assert pickle.loads(pickle.dumps(check)) == check
    assert repr(CHECK) != repr(EditCheck(PARENT, Layout("tags"), 4))
    assert repr(CHECK) != repr(EditCheck(PARENT + "#", Layout(), 4))


def test_the_model_that_ships_goes_back_to_where_its_edit_held() -> None:
    (parent,) = make_problem("sodarace", {"seed_program": "radial"}).seeds()

    def children(line_attempts, numbers):
        settings = DiffSettings(attempts=1, line_attempts=line_attempts)
        rngs = [random.Random(number) for number in numbers]
        return make_operator("diff", settings).propose([[parent]] * len(rngs), rngs)

    plain, checked = children(1, range(48)), children(6, range(48))
    good = [sum(one.program is not None for one in some) for some in (plain, checked)]
    assert good[1] > good[0] + 10
    # Places are named by the rule after going back as before.
    assert {one.refusal for one in checked} <= {
        None,
        "child does not parse",
        "child uses an unknown name",
    }
    assert children(6, [7]) == [checked[7]]
    # What held from the start is what it would have been, but for lines that did not end.
    for one, other in zip(plain, checked, strict=True):
        if one.program is not None and max(map(len, one.answer.split("\n"))) <= LONGEST_LINE:
            assert one == other
