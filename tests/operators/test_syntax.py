"""Children of `syntax` parse, keep what was not touched, and stay within bounds."""

import ast
import difflib
import io
import random
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmus.errors import ConfigError
from ulmus.operators.syntax import KINDS, MAX_CHARS, SyntaxMutation
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program

SEEDS = {
    name: Sodarace(seed_program=name).seeds()[0]
    for name in ("square", "radial", "cppn-fixed", "cppn-mutable", "galloper")
}
OPERATOR = SyntaxMutation()


def child(source, seed, operator=OPERATOR):
    (proposal,) = operator.propose([[Program(source)]], [random.Random(seed)])
    return proposal


def children(source, count=120):
    found = [child(source, seed) for seed in range(count)]
    return [proposal.program.source for proposal in found if proposal.program is not None]


@given(name=st.sampled_from(sorted(SEEDS)), seeds=st.lists(st.integers(0, 2**40), max_size=12))
@settings(max_examples=60, deadline=None)
def test_lines_of_descent_parse(name, seeds):
    source = SEEDS[name].source
    for seed in seeds:
        proposal = child(source, seed)
        if proposal.program is not None:
            ast.parse(proposal.program.source)
            assert proposal.program.source != source
            assert proposal.note.partition(":")[0] in KINDS
            source = proposal.program.source


def comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_comments_and_layout_of_untouched_lines_survive():
    source = SEEDS["square"].source
    for text in children(source, 300):
        assert set(comments(source)) <= set(comments(text))
        matcher = difflib.SequenceMatcher(None, source.splitlines(), text.splitlines())
        kept = sum(block.size for block in matcher.get_matching_blocks())
        assert kept >= 15, text


def test_equal_generators_give_equal_children():
    source = SEEDS["radial"].source
    assert [child(source, seed) for seed in range(30)] == [
        child(source, seed, SyntaxMutation()) for seed in range(30)
    ]


def test_most_edits_leave_a_program_that_runs():
    """Plain Python, so that the test needs no sandbox: the example has no loop without a bound."""
    source = "def f(a, b):\n    c = a + 2 * b\n    d = [a, b, c]\n    return max(d) + len(d)\n\n\nr = f(3, 4)\n"
    texts = children(source, 200)
    failed = 0
    for text in texts:
        try:
            exec(compile(text, "<child>", "exec"), {})
        except Exception:  # noqa: BLE001 - a child may raise anything
            failed += 1
    assert failed < 0.2 * len(texts)


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("def f(:\n", "parent does not parse"),
        ("x = 1\0", "parent does not parse"),
        ("x = '\ud800'\n", "parent does not parse"),
        ("x = " + "-" * 50_000 + "1", "parent does not parse"),
        ("x" * 300_000, "parent is too long"),
        ("", "no edit found"),
        ("# nothing\n", "no edit found"),
        ("pass\n", "no edit found"),
    ],
)
def test_refusals_say_why(source, refusal):
    proposal = child(source, 1)
    assert proposal.program is None
    assert proposal.refusal == refusal


STYLES = {
    "non-ASCII": "größe = 5; 数 = größe + 2  # é\nprint('äöü', größe * 2, 数)\nx = 'ü' * 3 + '😀'\n",
    "tabs": "def f(a):\n\tb = a + 1\n\tfor i in range(3):\n\t\tb = b + i * 2\n\treturn b\n\n\nf(2)\nf(3)\n",
    "CRLF": "def f(a):\r\n    b = a + 1\r\n    # keep\r\n    b = b * 3\r\n    return b\r\n\r\n\r\nf(2)\r\nf(3)\r\n",
    "lone CR": "x = 1\ry = x + 2\rprint(x, y)\rprint(y, 3)\r",
    "one line": "def f(): return 1\ndef g(a): a += 1; return a * 2\nif f() > 0: print(g(3))\n",
    "no newline at the end": "x = 1\nprint(x, 2)\nprint(x, 3)",
    "decorators": "@wrap(1)\n@other\ndef f(a, b=2):\n    return a + b\n\n\n@last\nclass C:\n    n = 3\n",
    "nested": "def f(a):\n    def g(b):\n        return a + b * 2\n    return g(1) + g(2)\n\n\nf(3)\n",
    "class": "class A:\n    n = 2\n\n    def f(self, x):\n        return self.n + x\n\n\nA().f(1)\nA().f(2)\n",
    "backslash": "x = 1 + \\\n    2\nprint(x, \\\n      3)\nprint(x,  # one\n      4)\n",
    "strings": 'x = """a\n  b\n"""\nfor i in range(2):\n    y = """c\n"""\n    print(x, y, f"{x!r:>{i + 1}}", 3)\n',
    "semicolons": "a = 1; b = 2\nif a: b = 3; a = 4\nprint(a, b)\n",
    "modern": "match 3:\n    case 1 | 2:\n        x = 1\n    case _:\n        x = [y := 2, *range(3)]\ntry:\n    z = {k: v for k, v in zip('ab', (1, 2))}\nexcept (ValueError, TypeError) as e:\n    z = 2\nfinally:\n    w = 1\nwith open(0) as f, open(1):\n    v = lambda a, *b, c=1, **d: (a, b, c)\nwhile x > 3:\n    break\nelse:\n    x = 1 if z else 2\nasync def g():\n    await h()\n    async for i in j():\n        yield i\n",
    "elif": "x = 1\nif x > 2:\n    x = 3\nelif x > 4:\n    x = 5\nelse:\n    x = 6\n",
    "global": "n = 1\ndef f():\n    global n\n    n = n + 1\n    return n\nf()\n",
    "annotations": "def f(a: int = 3, /, *, b: 'x' = 4) -> int:\n    c: int = a\n    d: int\n    return c + b\nf(1, b=2)\n",
    "long line": "x = [" + ", ".join(str(n) for n in range(1000)) + "]\n",
    "form feed": "x = 1\n\x0c\ny = x + 2\n",
    "deep": "x = " + "[" * 85 + "1" + "]" * 85 + "\ny = 2\n",
    "deep sum": "x = " + "+".join("1" * 400) + "\n",
    "deep blocks": "".join("    " * d + f"if {d} > 1:\n" for d in range(60))
    + "    " * 60
    + "x = 1\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_odd_styles(style):
    source = STYLES[style]
    texts = children(source, 80)
    assert texts
    for text in texts:
        ast.parse(text)
    assert len(set(texts)) > 3


def test_line_endings_stay():
    for text in children(STYLES["CRLF"], 200):
        assert text.count("\n") == text.count("\r\n") == text.count("\r")
    for text in children(STYLES["lone CR"]):
        assert "\n" not in text


def test_tabs_stay():
    for text in children(STYLES["tabs"], 200):
        for line in text.splitlines():
            assert not line.startswith(" "), text


def test_columns_count_characters_not_bytes():
    source = "größe = 5; x = ('ü', größe, 7)\n"
    for text in children(source, 100):
        assert text.startswith("größe = ")
        assert "größe" in text.partition(";")[0]


def test_programs_beyond_the_cap_are_mostly_cut():
    block = "".join(
        f"    print(a, b, {n}, 'some more text to fill the line')\n" for n in range(160)
    )
    source = f"def f(a, b):\n    c = 1\n{block}    return a\n"
    assert len(source) > MAX_CHARS
    texts = children(source, 60)
    shorter = sum(len(text) < len(source) - 20 for text in texts)
    assert shorter > len(texts) // 2
    assert all(len(text) < len(source) + 20 for text in texts)


def test_growth_is_bounded():
    source = SEEDS["square"].source
    for seed in range(250):
        proposal = child(source, seed)
        text = source if proposal.program is None else proposal.program.source
        source = max(source, text, key=len)
    assert 1.5 * len(SEEDS["square"].source) < len(source) < 2 * MAX_CHARS


def test_weights_choose_the_kinds():
    only = SyntaxMutation({kind: 0 for kind in KINDS if kind != "flag"})
    found = {child(SEEDS["square"].source, seed, only).note for seed in range(20)}
    assert all(note.startswith("flag: ") for note in found)
    assert SyntaxMutation({"flag": 9}).identity == "syntax/2 (flag=9.0)"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"nubmer": 1}, "Did you mean 'number'"),
        ({"flag": -1}, "at least 0"),
        ({"flag": float("nan")}, "at least 0"),
        (dict.fromkeys(KINDS, 0), "all kinds"),
    ],
)
def test_weights_that_make_no_sense(weights, message):
    with pytest.raises(ConfigError, match=message):
        SyntaxMutation(weights)


@pytest.mark.parametrize("name", ["item", "capacity"])
def test_a_seed_that_ignores_its_arguments_can_learn_to_use_them(name):
    source = "def priority(item, capacity):\n    return 0.0\n"
    found = [text for text in children(source, 300) if name in text.partition("\n")[2]]
    assert len(found) > 20


def test_a_bit_that_a_sum_has_lost_can_come_back():
    source = "def parity(b1, b2, b3, b4):\n    return sum([c1, b2, b3, b4]) % 2\n"
    repaired = source.replace("c1", "b1")
    assert repaired in children(source, 4_000)


def doubled(text):
    """Return the places where parentheses hold nothing but parentheses."""
    opened, found, before = [], [], (-2, -2)
    for place, letter in enumerate(text):
        if letter == "(":
            opened.append(place)
        elif letter == ")":
            pair = (opened.pop(), place)
            if (pair[0] + 1, pair[1] - 1) == before:
                found.append(pair)
            before = pair
    return found


def test_parentheses_do_not_pile_up():
    assert doubled("f((a), ((b + c)))") == [(7, 15)]
    source = "def f(item, room):\n    return (item - room) * (room + 2) - (room)\n"
    assert not [text for text in children(source, 2_000) if doubled(text)]


def test_something_can_be_scaled_by_a_name():
    source = "def f(item, room):\n    return room\n"
    found = {text.rpartition("return ")[2].strip() for text in children(source, 2_000)}
    assert {"room - item", "item - room", "room % item", "item % room", "room * 2"} <= found
    assert {"-room", "-item * 2"} <= {
        text.rpartition("return ")[2].strip()
        for text in children("def f(item, room):\n    return 0.0\n", 2_000)
    }
