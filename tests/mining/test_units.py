"""Cutting files into units and finding what an edit touched."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from histories import OLD
from hypothesis import given
from hypothesis import strategies as st

from ulmus.mining import edits, units
from ulmus.mining.edits import candidates
from ulmus.mining.options import LEVELS


def only(before: str, after: str, levels: tuple[str, ...] = LEVELS) -> edits.Candidate:
    found = candidates(before, after, levels)
    assert len(found) == 1, found
    return found[0]


def test_a_changed_function_gives_that_function_and_nothing_else() -> None:
    found = only(OLD, OLD.replace("3 * square", "math.pi * square"))
    assert (found.level, found.unit, found.line, found.pure) == ("func", "area", 5, True)
    assert found.before.startswith("def area(radius):\n")
    assert found.after.endswith("return math.pi * square")


def test_a_changed_method_is_cut_out_and_dedented() -> None:
    found = only(OLD, OLD.replace("self.count + number", "self.count + abs(number)"))
    assert (found.level, found.unit, found.line) == ("method", "Counter.add", 23)
    assert found.before.startswith('def add(self, number):\n    """Add a number."""\n')
    assert OLD.split("\n")[found.line - 1] == "    def add(self, number):"


def test_function_and_import_give_both_levels() -> None:
    after = OLD.replace("import math", "from math import pi").replace("3 * square", "pi * square")
    func, mini = candidates(OLD, after, LEVELS)
    assert (func.level, func.pure) == ("func", False)
    assert mini.level == "mini"
    assert mini.before.startswith("import math\n\n\ndef area")
    assert mini.after.startswith("from math import pi\n\n\ndef area")


def test_a_new_helper_with_its_caller_is_a_mini_file() -> None:
    helper = "def square(number):\n    return number * number\n\n\ndef area(radius):"
    after = OLD.replace("def area(radius):", helper).replace("radius * radius", "square(radius)")
    found = only(OLD, after)
    assert (found.level, found.unit) == ("mini", "area")
    assert found.after.startswith("def square(number)")


def test_a_new_function_alone_is_no_edit() -> None:
    assert candidates(OLD, OLD + "\n\ndef more():\n    a = 1\n    return a\n", LEVELS) == []


def test_levels_choose() -> None:
    after = OLD.replace("3 * square", "math.pi * square")
    assert candidates(OLD, after, ("method",)) == []
    assert candidates(OLD, after, ("mini",)) == []  # the function alone says it better


def test_decorators_belong_to_what_they_decorate() -> None:
    before = "import a\n\n@a.b\n@a.c(1)\ndef f():\n    x = 1\n    return x\n\n# about g\n@a.b\nasync def g():\n    pass\n"
    one, two, three = units.split(before)
    assert [unit.kind for unit in (one, two, three)] == ["other", "func", "func"]
    assert two.text.startswith("@a.b\n@a.c(1)\ndef f")
    assert two.text.endswith("return x")
    assert (three.name, three.line) == ("g", 10)
    changed = only(before, before.replace("@a.c(1)", "@a.c(2)"))
    assert changed.unit == "f"


def test_text_in_triple_quotes_starts_no_unit() -> None:
    text = 'def f():\n    x = """\ndef g():\nclass H:\n"""\n    return x\n\n\ny = 1\n'
    assert [(unit.kind, unit.name) for unit in units.split(text)] == [("func", "f"), ("other", "")]


def test_both_quotes_mix() -> None:
    text = "a = '''\n\"\"\"\n'''\nb = 1\nc = \"\"\" ''' \"\"\"\nd = 2\n"
    assert [unit.text[0] for unit in units.split(text)] == ["a", "b", "c", "d"]


def test_else_and_brackets_at_the_margin_continue_a_statement() -> None:
    text = "try:\n    import a\nexcept ImportError:\n    a = None\nx = [\n    1,\n]\n"
    assert [unit.text.split("\n")[0] for unit in units.split(text)] == ["try:", "x = ["]


def test_lines_with_less_indentation_cannot_be_dedented() -> None:
    assert units.dedent("    a\nb", "    ") is None
    assert units.dedent("    a\n\n      b", "    ") == "a\n\n  b"


@pytest.mark.parametrize("text", ["", "\n", "x", "    x = 1\n", "def f(): pass", '"""'])
def test_odd_files_cut_without_error(text: str) -> None:
    assert "".join(unit.text for unit in units.split(text)) in text
    assert candidates(text, text + "y\n", LEVELS) is not None


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30))
def test_prefix_and_suffix_are_the_longest(one: str, other: str) -> None:
    head = units.common_prefix(one, other)
    assert one[:head] == other[:head]
    assert one[head : head + 1] != other[head : head + 1] or head == min(len(one), len(other))
    limit = min(len(one), len(other)) - head
    tail = units.common_suffix(one, other, limit)
    assert one[len(one) - tail :] == other[len(other) - tail :]
    if tail < limit:
        assert one[len(one) - tail - 1] != other[len(other) - tail - 1]


LINES = st.lists(
    st.sampled_from(["def f():", "    x = 1", "", "class C:", "    def m(self):", "        y = 2", "z = 3", "@d", "# c", '"""']),
    max_size=25,
)  # fmt: skip


@given(LINES, LINES)
def test_any_two_files_give_units_that_stand_in_them(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    for found in candidates(before, after, ("func", "mini")):
        assert found.before != found.after
        if found.level == "func":
            assert found.before in before
            assert found.after in after
            assert before.split("\n")[found.line - 1] == found.before.split("\n")[0]


@given(LINES, LINES)
def test_line_hunks_rebuild_the_new_text(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    built, at = [], 0
    old, new = before.split("\n"), after.split("\n")
    for hunk in edits.line_hunks(before, after):
        built += old[at : hunk.start] + new[hunk.new_start : hunk.new_end]
        at = hunk.end
    assert built + old[at:] == new


def test_the_bounds_agree_with_the_parser() -> None:
    source = Path(edits.__file__).read_text("utf-8")
    tree = ast.parse(source)
    expected = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    found = [unit for unit in units.split(source) if unit.name]
    assert [unit.name for unit in found] == expected
    for unit in found:
        ast.parse(unit.text)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("def f(a):\n    return a", "def f(b):\n    return b", None),
        ("def f():\n    return 1", "def f():\n    return  1  # one", "same tree"),
        ('def f():\n    "a"\n    return 1', 'def f():\n    "b"\n    return 1', "same tree"),
        ("def f(a):\n    return a", "def f(a: int) -> int:\n    return a", "same tree"),
        ("def f():\n    x = 1\n    return x", "def f():\n    x: int = 1\n    return x", "same tree"),
        ("def f():\n    print 1", "def f():\n    print(1)", "does not parse"),
        ("def f():\n    return 'a'", "def f():\n    return b'a'", None),
    ],
)  # fmt: skip
def test_only_edits_that_mean_something_pass(before: str, after: str, reason: str | None) -> None:
    assert edits.syntax_refusal(before, after)[0] == reason


def test_string_edits_are_flagged() -> None:
    assert edits.syntax_refusal("f('a')", "f('b')") == (None, True)
    assert edits.syntax_refusal("f('a')", "g('b')") == (None, False)


def test_nested_code_is_a_refusal_and_no_crash() -> None:
    deep = "x = " + "-" * 5000 + "1"
    other = deep.replace("1", "2")  # Python 3.13 reads what 3.11 refuses to parse
    assert edits.syntax_refusal(deep, other)[0] in ("does not parse", "too deep")


def test_context_makes_places_unique() -> None:
    before = "a\nx\nb\nx\nc"
    first = edits.line_hunks(before, "a\ny\nb\nx\nc")
    assert edits.min_context(before, first) == 1
    assert edits.min_context("a\nb\nc", edits.line_hunks("a\nb\nc", "a\nB\nc")) == 0
