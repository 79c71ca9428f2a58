"""What passes when the changed statements are parsed alone passes as a whole."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ulmus.operators.positions import Splice, apply, overlap, parse
from ulmus.operators.reader import look
from ulmus.operators.syntax import SyntaxMutation
from ulmus.operators.validity import child_parses
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program

NAMES = ("square", "radial", "cppn-mutable", "galloper")
VIEWS = {name: look(Sodarace(seed_program=name).seeds()[0].source) for name in NAMES}
VIEWS["class"] = look("class A:\n    x = 1\n\n    def f(self):\n        return 1\n\n\ny = A()\n")
VIEWS["tight"] = look("def f():\n\tx = 1\n\treturn x\ndef g(): return 2\nif f():\n\tg()\nx = 3")
TEXTS = st.sampled_from(
    [
        "",
        "x",
        "\n",
        "    ",
        "    x = 1\n",
        "x = 1\n",
        "        y\n",
        "(",
        ")",
        "'''",
        "#",
        "\\\n",
        ":",
        "else:\n",
        "    else:\n        x\n",
        "if x:\n",
        "\t",
        "\tx\n",
        ", y",
        " + 1",
        "return",
        "\r",
        "def h():\n    pass\n",
        "    def h():\n        pass\n",
    ]
)


@given(
    name=st.sampled_from(sorted(VIEWS)),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), TEXTS), min_size=1, max_size=3),
    at_lines=st.booleans(),
)
@example(name="tight", places=[(0.0, 100, "")], at_lines=True)
@example(name="radial", places=[(0.875, 0, "else:\n")], at_lines=True)
@settings(max_examples=500, deadline=None)
def test_parsing_a_part_promises_no_more_than_parsing_all(name, places, at_lines):
    view = VIEWS[name]
    splices = []
    for share, length, text in places:
        start = int(share * len(view.source))
        if at_lines:
            start = max(s for s in view.text.starts if s <= start)
        stop = min(start + length, len(view.source))
        if at_lines:
            stop = max(s for s in view.text.starts if s <= stop)
        splices.append(Splice(start, max(start, stop), text))
    if overlap(splices):
        return
    source = apply(view.source, splices)
    if child_parses(view, splices, source):
        assert parse(source) is not None


def test_most_harmless_changes_pass():
    """Deleting, doubling or renaming single statements is found to parse, mostly without all."""
    for view in VIEWS.values():
        for unit in view.units:
            text = view.source[unit.start : unit.stop]
            splices = [Splice(unit.start, unit.stop, text + text if text[-1:] == "\n" else text)]
            assert child_parses(view, splices, apply(view.source, splices))


def test_an_emptied_block_does_not_pass():
    view = look("def f():\n    x = 1\n\n\ny = 2\n")
    for unit, expected in zip(view.units, (False, True), strict=True):
        splices = [Splice(unit.start, unit.stop, "")]
        assert child_parses(view, splices, apply(view.source, splices)) is expected


def test_children_of_a_random_walk_parse():
    operator, program = SyntaxMutation(), Program(VIEWS["square"].source)
    for seed in range(300):
        (proposal,) = operator.propose([[program]], [random.Random(seed)])
        if proposal.program is not None:
            program = proposal.program
            assert parse(program.source) is not None
