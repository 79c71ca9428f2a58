"""Children of `crossover` take parts of the second parent, and names that mean something."""

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmus.operators.crossover import GRAFTS, Crossover
from ulmus.operators.positions import apply, overlap
from ulmus.operators.reader import look
from ulmus.operators.scope import BUILTINS
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program

NAMES = ("square", "radial", "cppn-fixed", "cppn-mutable", "galloper", "runner", "wheel")
SEEDS = {name: Sodarace(seed_program=name).seeds()[0] for name in NAMES}
OPERATOR = Crossover()

FIRST = """\
from maker import maker


def make_row(m, x, n):
    return [m.joint(x + i, 0) for i in range(n)]


def main():
    m = maker()
    row = make_row(m, 1, 4)
    top = m.joint(2, 5)
    for k in range(3):
        m.link(row[k], row[k + 1])
    m.link(row[0], top, 0.5)
    return m.get()
"""
COUSIN = (
    FIRST.replace("x + i, 0", "x + i * 2, 1").replace("(2, 5)", "(3, 8)").replace("0.5", "0.7, 9")
)
STRANGER = """\
import math

from maker import maker

TURN = 6.28


def at(angle):
    return math.cos(angle) * 3


def ring(kit, size):
    points = []
    for i in range(size):
        points.append(kit.joint(at(TURN * i / size), 2))
    return points


def main():
    kit = maker()
    wheel = ring(kit, 6)
    hub = kit.joint(1, 1)
    for i in range(6):
        kit.link(wheel[i], hub, 0.25)
    return kit.get()
"""


def unbound(tree):
    """Return the names that a program uses and binds nowhere."""
    used, bound = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    return used - bound


def children(kind, first, second, count=200):
    """Return the distinct texts that one kind of graft makes of two programs."""
    receiver, donor = look(first), look(second)
    found = {}
    for seed in range(count):
        change = GRAFTS[kind][1](receiver, donor, random.Random(seed))
        if change is not None and not overlap(change.splices):
            found[apply(first, change.splices)] = change.note
    return found


@given(
    pair=st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
    seeds=st.lists(st.integers(0, 2**40), max_size=6),
)
@settings(max_examples=100, deadline=None)
def test_lines_of_descent_parse_and_bind_their_names(pair, seeds):
    first, second = (SEEDS[name] for name in pair)
    known = {"query_cppn", "walker_creator", "math", *BUILTINS}
    for seed in seeds:
        (proposal,) = OPERATOR.propose([[first, second]], [random.Random(seed)])
        if proposal.program is not None:
            assert unbound(ast.parse(proposal.program.source)) <= known
            assert proposal.note.partition(":")[0] in GRAFTS
            assert proposal.program not in (first, second)
            first, second = second, proposal.program


def test_relatives_exchange_lines():
    found = children("lines", FIRST, COUSIN)
    expected = {
        FIRST.replace("x + i, 0", "x + i * 2, 1"),
        FIRST.replace("(2, 5)", "(3, 8)"),
        COUSIN.replace("(3, 8)", "(2, 5)"),
    }
    assert expected <= set(found)
    assert COUSIN not in found
    assert FIRST not in found


def test_lines_bring_what_binds_their_names():
    second = FIRST.replace("    top =", "    far = m.joint(9, 9)\n    top =").replace(
        "    return m.get()", "    m.link(far, top)\n    return m.get()"
    )
    second = second.replace("make_row(m, 1, 4)", "make_row(m, 2, 4)")
    for text in children("lines", FIRST, second):
        assert "link(far" not in text or "far = " in text


def test_strangers_give_statements_with_translated_names():
    found = children("statement", FIRST, STRANGER, 400)
    whole = [text for text in found if "wheel = ring(m, 6)" in text]
    assert whole, found.values()
    for text in whole:
        assert "def ring(kit, size):" in text
        assert "def at(angle):" in text
        assert text.startswith("import math\nfrom maker import maker\n")
        assert "TURN = 6.28" in text
        assert "link(wheel[" in text, "the wheel is used"
    assert any("m.link(wheel[i], top, 0.25)" in text for text in whole)
    for text in found:
        assert unbound(ast.parse(text)) <= BUILTINS


def test_strangers_give_numbers_functions_and_expressions():
    assert any("joint(1, 1)" in text for text in children("numbers", FIRST, STRANGER))
    assert any("link(row[0], top, 0.25)" in text for text in children("numbers", FIRST, STRANGER))
    swapped = set(children("function", FIRST, COUSIN))
    assert FIRST.replace("x + i, 0", "x + i * 2, 1") in swapped
    main = [text for text in children("function", FIRST, STRANGER) if "ring(kit, 6)" in text]
    assert main
    assert all("def ring" in text and "def at" in text for text in main)
    assert children("expression", FIRST, STRANGER)


def test_a_second_version_of_a_function_gets_a_new_name():
    found = children("second", FIRST, COUSIN)
    assert any(
        "def make_row2(m, x, n):\n    return [m.joint(x + i * 2, 1)" in text
        and "row = make_row2(m, 1, 4)" in text
        and "def make_row(m" in text
        for text in found
    )


def test_a_name_that_is_taken_gets_a_number():
    second = STRANGER.replace("wheel", "row").replace("make_row", "ring")
    found = children("statement", FIRST, second, 400)
    assert any("row2 = ring(m, 6)" in text and "m.link(row2[i]" in text for text in found)


@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        ("def f(:", "x = 1\n", "parent does not parse"),
        ("x = 1\n", "def f(:", "parent does not parse"),
        ("x = 1\n", "#" * 300_000, "parent is too long"),
        ("x = 1\n", "x = 1\n", "parents are the same"),
        ("pass\n", "x = 1\n", "nothing fits"),
        ("", "", "parents are the same"),
        ("", "x = 1\n", "nothing fits"),
    ],
)
def test_refusals_say_why(first, second, refusal):
    (proposal,) = OPERATOR.propose([[Program(first), Program(second)]], [random.Random(1)])
    assert proposal.program is None
    assert proposal.refusal == refusal


def test_line_endings_are_those_of_the_first_parent():
    first, second = FIRST.replace("\n", "\r\n"), STRANGER
    for seed in range(60):
        (proposal,) = OPERATOR.propose([[Program(first), Program(second)]], [random.Random(seed)])
        if proposal.program is not None:
            text = proposal.program.source
            assert text.count("\n") == text.count("\r\n"), proposal.note
