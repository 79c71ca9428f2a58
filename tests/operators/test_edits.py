"""Each kind of edit is reachable and does what it says, on a small example."""

import ast
import random
import re

import pytest

from ulmus.operators.indices import around
from ulmus.operators.positions import apply, overlap
from ulmus.operators.reader import look
from ulmus.operators.syntax import KINDS, make_edit

EXAMPLE = '''\
"""A body of joints."""
from maker import maker


def make_row(m, x, y, n):
    row = []
    for i in range(n):
        if x > 0 and i % 2 == 0:
            row.append(m.joint(x + i * 2, y))
    return row


def main():
    m = maker()
    row = make_row(m, 1, 2.5, 4)  # the row
    middle = m.joint(5, 7)
    pair = (row[0], row[1], middle)
    for k in range(len(row) - 1):
        m.link(row[k], row[k + 1])
    m.link(row[0], middle, True, 0.5)
    total = 3
    total += 1
    m.link(pair[0], middle, False, total * 2)
    return m.get()
'''


def children(kind, source=EXAMPLE, count=150):
    """Return the distinct children that one kind of edit makes, with their notes."""
    view = look(source)
    found = {}
    for seed in range(count):
        change = make_edit(kind, view, random.Random(seed))
        if change is not None:
            assert not overlap(change.splices), change
            found[apply(source, change.splices)] = change.note
    found.pop(source, None)
    return found


def lines_changed(child, source=EXAMPLE):
    """Return the lines that are gone and those that are new, without white space."""
    old = [line.strip() for line in source.splitlines()]
    new = [line.strip() for line in child.splitlines()]
    gone, came = list(old), list(new)
    for line in new:
        if line in gone:
            gone.remove(line)
    for line in old:
        if line in came:
            came.remove(line)
    return gone, came


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_something_and_most_children_parse(kind):
    found = children(kind)
    assert len(found) >= (1 if kind in ("flag", "fewer", "negate") else 2)
    for child, note in found.items():
        ast.parse(child)
        assert note
        assert "\n" not in note


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("number", "row = make_row(m, 1, 2.5, 5)  # the row"),
        ("number", "row = make_row(m, -1, 2.5, 4)  # the row"),
        ("argument", "m.link(row[0], middle, False, 0.5)"),
        ("argument", "m.link(row[k], middle)"),
        ("expression", "pair = (row[0], middle, middle)"),
        ("wrap", "m.link(row[k], row[(k + (1 + k)) % len(row)])"),
        ("scale", "row.append(m.joint(x + i * 2, y * 3))"),
        ("operator", "if x > 0 or i % 2 == 0:"),
        ("operator", "total *= 1"),
        ("operator", "if x < 0 and i % 2 == 0:"),
        ("flag", "m.link(row[0], middle, False, 0.5)"),
        ("negate", "if not (x > 0 and i % 2 == 0):"),
        ("swap", "m.link(row[k + 1], row[k])"),
        ("swap", "pair = (middle, row[1], row[0])"),
        ("more", "m.link(row[k], row[k + 1], True, 0.5)"),
        ("fewer", "m.link(row[0], middle)"),
        ("add", "pair = (row[0], middle, row[1], middle)"),
        ("drop", "pair = (row[0], middle)"),
        ("repeat", "m.link(row[0], row[k], True, 0.5)"),
        ("twin", "middle2 = m.joint(5, 8)"),
        ("twin", "pair = (row[0], row[1], middle, middle2)"),
        ("twin", "m.link(row[0], middle2, True, 0.5)"),
        ("loop", "for j in range(3):"),
        ("loop", "middle = m.joint(5 + j * 3, 7)"),
        ("guard", "if k % 2 == 0:"),
        ("unwrap", "k = 0"),
        ("range", "for k in range(len(row)):"),
        ("range", "for k in range(len(row) + 1):"),
        ("range", "for k in range(len(row) - 3):"),
        ("rescale", "middle = m.joint(7, 9)"),
        ("parameter", "def make_row(m, x, y, n, size=2):"),
        ("parameter", "def main(size=7):"),
        ("copy", "middle = m.joint(5, 8)"),
    ],
)
def test_a_kind_makes_this_line(kind, line):
    found = children(kind, count=2500)
    assert any(line in lines_changed(child)[1] for child in found), sorted(
        {came for child in found for came in lines_changed(child)[1]}
    )


def test_deletion_takes_what_needs_it():
    found = children("delete")
    gone = [lines_changed(child)[0] for child in found]
    assert ["total += 1"] in gone
    for lines in gone:
        if "middle = m.joint(5, 7)" in lines:
            assert "m.link(row[0], middle, True, 0.5)" in lines
            assert "pair = (row[0], row[1], middle)" in lines
            assert "m.link(pair[0], middle, False, total * 2)" in lines
    assert any("middle = m.joint(5, 7)" in lines for lines in gone)


def test_moves_keep_every_line():
    for child in children("move"):
        assert sorted(child.split()) == sorted(EXAMPLE.split())


def test_loops_use_a_fresh_counter_that_matters():
    for child in children("loop"):
        assert "for j in range(" in child
        assert child.count("j") > EXAMPLE.count("j") + 1


def test_whole_numbers_stay_whole_where_they_must():
    for kind in ("number", "wrap", "operator", "range"):
        for child in children(kind, count=600):
            gone, came = lines_changed(child)
            for line in came:
                if line.startswith("for ") and "range(" in line:
                    assert "." not in line, (kind, gone, came)
                    assert "/ " not in line.replace("//", ""), (kind, line)


def test_indices_stay_within_their_lists():
    for kind in ("number", "repeat", "argument", "copy"):
        for child in children(kind, count=600):
            for index in re.findall(r"pair\[(\d+)\]", child):
                assert int(index) < 3, child
    for child in children("operator", count=600):
        assert "row[k - 1]" not in child
    assert any("row[(k - 1) % len(row)]" in child for child in children("operator", count=600))
    longer = [c for c in children("range", count=300) if re.search(r"range\(len\(row\)(\)| \+)", c)]
    assert longer
    assert all("row[k % len(row)], row[(k + 1) % len(row)]" in child for child in longer)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("2", "2"),
        ("3", "3 % len(pair)"),
        ("k", "k % len(pair)"),
        ("k + 1", "(k + 1) % len(pair)"),
        ("(k + 1) % len(pair)", "(k + 1) % len(pair)"),
        ("k % len(pair)", "k % len(pair)"),
        ("k % len(pair) + j", "(k % len(pair) + j) % len(pair)"),
        ("(a) + (b) % len(pair)", "((a) + (b) % len(pair)) % len(pair)"),
        ("k % 2", "(k % 2) % len(pair)"),
        ("-1", "-1"),
        ("-4", "(-4) % len(pair)"),
    ],
)
def test_indices_start_again_at_the_front(index, expected):
    view = look(EXAMPLE)
    (subscript,) = [s for s in view.subscripts if s.container == "pair"]
    assert around(view, subscript, index) == expected


def test_dictionaries_are_not_taken_for_lists():
    source = "d = {0: 1, 5: 2}\ne = d[5] + d[0]\nprint(d[5], e)\n"
    for kind in ("number", "argument", "expression", "wrap", "operator"):
        for child in children(kind, source, count=200):
            assert "% len(d)" not in child


def test_names_are_in_scope():
    """In both functions, only names that are bound above are used."""
    for kind in ("argument", "expression", "wrap", "copy", "repeat", "more", "add"):
        for child in children(kind, count=300):
            for line in lines_changed(child)[1]:
                if line.startswith("row = make_row"):
                    names = set(re.findall(r"\w+", line))
                    assert not names & {"middle", "pair", "k", "i", "x", "y", "n"}, line


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("x = 5\n", "number", "x = 6\n"),
        ("def f(a):\n\treturn a\n\n\nf(1)\nf(2)\n", "repeat", "f(2)\nf(1)\n"),
        ("def f(a): return a > 2\n", "operator", "def f(a): return a < 2\n"),
        ("x = y = 3 # z\n", "number", "x = y = 4 # z\n"),
    ],
)
def test_small_programs(source, kind, expected):
    found = children(kind, source, count=800)
    assert any(child.endswith(expected) for child in found), list(found)[:20]
