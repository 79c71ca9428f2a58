"""What the operators read from a program: places, roles, names, lengths."""

import ast

import pytest

from ulmus.operators.cache import ViewCache
from ulmus.operators.positions import Splice, Text, apply, overlap, parse
from ulmus.operators.reader import look
from ulmus.operators.roles import FLAG, NUMBER, TEXT, Roles

SOURCE = """\
from maker import maker


def frame(m, x, wide=True):
    a = m.joint(x, 0)
    b = m.joint(x + 1, 2.5)
    return a, b


def main():
    m = maker()
    ends = frame(m, 3)
    top = m.joint(5, 7)
    table = {"a": 1}
    for k in range(len(ends) - 1):
        m.link(ends[k], top, False, 0.5)
    names = [str(j) for j in ends]
    return m.get(names, table["a"], outside)
"""
VIEW = look(SOURCE)


def role(text):
    (found,) = {
        VIEW.roles.find(e.role) for e in VIEW.expressions if SOURCE[e.start : e.stop] == text
    }
    return found


def test_expressions_that_mean_the_same_have_one_role():
    joints = {role(text) for text in ("a", "b", "top", "ends[k]", "m.joint(x, 0)")}
    assert len(joints) == 1
    assert joints.isdisjoint({NUMBER, FLAG, TEXT, role("m"), role("ends")})
    assert {role(text) for text in ("x", "k", "2.5", "len(ends) - 1", "x + 1")} == {NUMBER}
    assert role("False") == role("True") == FLAG
    assert role("str(j)") != NUMBER


def test_basic_roles_never_become_one():
    roles = Roles()
    roles.unite(NUMBER, FLAG)
    assert roles.find(NUMBER) != roles.find(FLAG)
    one, other = roles.fresh(), roles.fresh()
    inner = roles.element(one)
    roles.unite(roles.element(other), NUMBER)
    roles.unite(one, other)
    assert roles.find(inner) == NUMBER


def test_a_list_that_contains_itself_has_a_role():
    assert look("x = []\nx.append(x)\nx = [x]\ny = x[0][0]\n") is not None


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("top", "top = m.joint", False),
        ("top", "table = ", True),
        ("k", "ends = frame", False),
        ("k", "m.link", True),
        ("a", "m.link", False),
        ("x", "return a, b", True),
        ("wide", "a = m.joint", True),
        ("frame", "ends = frame", True),
        ("main", "a = m.joint", True),
        ("j", "return m.get", False),
        ("outside", "ends = frame", True),
        ("len", "ends = frame", True),
        ("nothing", "ends = frame", False),
    ],
)
def test_names_are_visible_where_they_have_a_value(name, line, expected):
    offset = SOURCE.index(line)
    statement = [s for s in VIEW.statements if s.start <= offset < s.stop][-1]
    assert VIEW.scopes.visible(name, statement.scope, offset) is expected


def test_statements_know_what_they_bind_and_need():
    by_text = {SOURCE[s.start : s.stop].strip().partition("\n")[0]: s for s in VIEW.statements}
    loop = by_text["for k in range(len(ends) - 1):"]
    assert loop.binds == ("k",)
    assert set(loop.uses) == {"range", "len", "ends", "m", "top"}
    function = by_text["def frame(m, x, wide=True):"]
    assert function.binds == ("frame",)
    assert function.uses == ()
    assert by_text["ends = frame(m, 3)"].call == "frame"
    assert set(by_text["names = [str(j) for j in ends]"].uses) == {"str", "ends"}


def test_lengths_and_whole_numbers():
    ends = next(s for s in VIEW.subscripts if s.container == "ends")
    assert VIEW.lengths[VIEW.roles.find(ends.role)] == 2
    assert all(s.container != "table" for s in VIEW.subscripts)
    whole = {SOURCE[n.start : n.stop] for n in VIEW.numbers if n.whole}
    assert "2.5" not in whole
    view = look("def f(n):\n    return [0] * 3, range(n)\n\n\nf(8)\nn = 4\nf(2.5)\n")
    assert {n.value for n in view.numbers if n.whole} == {8, 4, 2.5}


def test_offsets_count_characters():
    text = "größe = 'äö' + größe  # ü\nß = 数 = größe\n"
    view = look(text)
    found = {text[e.start : e.stop] for e in view.expressions}
    assert found == {"'äö'", "'äö' + größe", "größe"}
    tree = ast.parse(text)
    start, stop = Text(text).span(tree.body[1].value)
    assert text[start:stop] == "größe"


@pytest.mark.parametrize("text", ["", "x", "x\n", "x\r\ny\r\n", "x\ry", "\n\n", "x\x0cy\n"])
def test_lines_are_those_of_the_tokenizer(text):
    lines = Text(text)
    assert "".join(lines.line(n + 1) for n in range(lines.num_lines)) == text
    assert lines.newline in ("\n", "\r\n", "\r")


def test_splices():
    splices = [Splice(2, 3, "XY"), Splice(0, 0, "<"), Splice(5, 5, ">"), Splice(5, 5, "!")]
    assert apply("abcde", splices) == "<abXYde>!"
    assert not overlap(splices)
    assert overlap([Splice(0, 3, ""), Splice(2, 4, "")])
    assert overlap([Splice(1, 1, "x"), Splice(1, 2, "")])
    assert not overlap([Splice(0, 1, ""), Splice(1, 2, "")])


def test_parse_never_raises():
    for text in ("x = '\ud800'", "\0", "-" * 100_000 + "1", "(" * 5_000, "1+" * 20_000 + "1"):
        assert parse(text) is None
    assert parse("x = '\\d'") is not None


def test_the_cache_keeps_what_was_looked_at_last():
    cache = ViewCache(40)
    first = cache.view("x = 1  # 1234567")
    assert cache.view("x = 1  # 1234567") is first
    cache.view("y = 2  # 1234567")
    assert cache.view("x = 1  # 1234567") is first
    cache.view("z = 3  # 1234567")
    assert cache.view("x = 1  # 1234567") is first
    cache.view("x = " + "1" * 100)
    assert cache.view("x = 1  # 1234567") is not first
    assert cache.view("x = (") is None


def role_of(source, name):
    view = look(source)
    return view.roles.find(view.roles.of("name", view.scopes.owner(name, 1), name))


@pytest.mark.parametrize(
    ("source", "name", "role"),
    [
        ("def f(a, b):\n    return 0.0\n", "b", NUMBER),
        ("def f(a):\n    return [n * a for n in range(2)]\n", "a", NUMBER),  # it is used as one
        ("def f(a: float, b):\n    return g(a)\n", "a", NUMBER),
        ("def f(a: str):\n    return 0.0\n", "a", TEXT),
        ("def f(a=True):\n    return 0.0\n", "a", FLAG),
        ("def f(a):\n    return sum(a)\n", "a", None),
        ("def f(a: list):\n    return 0.0\n", "a", None),  # who annotates knows better
        ("def f(a):\n    return a\n", "a", NUMBER),
        ("def f(a, b):\n    c = a\n    return c if h() else b\n", "b", NUMBER),
        ("def f(a):\n    return g(a)\n", "a", None),
        ("def f(a):\n    return a.b\n", "a", None),
        ("def f(a):\n    return a.b()\n", "a", None),
        ("def f(a):\n    return len(a)\n", "a", None),
        ("def f(a):\n    return 1 in a\n", "a", None),
        ("def f(a):\n    return a[1:]\n", "a", None),
        ("def f(a):\n    b, c = a\n    return b\n", "a", None),
        ("def f(a):\n    return [x for x in a]\n", "a", None),
        ("def f(a):\n    return 0.0\n\ndef g():\n    return f(h())\n", "a", None),
    ],
)
def test_an_argument_of_which_nothing_is_known_is_taken_for_a_number(source, name, role):
    assert (role_of(source, name) == role) if role is not None else role_of(source, name) > TEXT


def test_what_is_summed_up_are_numbers():
    source = (
        "def f(xs, y):\n    total = sum(xs)\n    for x in xs:\n        g(x)\n    return sum([y, 1])"
    )
    assert role_of(source, "x") == role_of(source, "y") == NUMBER
    assert role_of(source, "xs") > TEXT
