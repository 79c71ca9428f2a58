"""The prompted baseline with a scripted model: what it asks, and what it makes of the answers."""

from __future__ import annotations

import random

import pytest

from ulmus.errors import ConfigError
from ulmus.models.scripted import ScriptedModel
from ulmus.operators.conformance import HOSTILE_PARENTS, check_operator
from ulmus.operators.rewrite import Rewrite, prompt_text, read
from ulmus.problems.parity import Parity
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program, Proposal

BUGGY, FIXED = Parity(bugs=2).seeds()[0], Parity(bugs=0).seeds()[0]
ANSWER = FIXED.source.removeprefix("def")


def ask(source: str, *answers: str) -> Proposal:
    return Rewrite(ScriptedModel(list(answers))).propose([[Program(source)]], [random.Random(1)])[0]


def test_it_keeps_its_promises() -> None:
    answers = [" f(x):\n    return x", " parity(b1", ANSWER, " g(", " h():\n    pass\ndef i(", ""]
    check_operator(Rewrite(ScriptedModel(answers)), [BUGGY, *Sodarace().seeds()])


def test_the_form_of_the_prompt() -> None:
    assert prompt_text(BUGGY.source, "Fixed bugs.") == (
        "# A version of the program with bugs:\n"
        f"{BUGGY.source}\n"
        "# Fixed bugs.\n"
        "# The same program without bugs:\n"
        "def"
    )


def test_another_message_speaks_of_old_and_new() -> None:
    text = prompt_text("import math\n\n@f\ndef g(): pass", "Make\nit\n  faster")
    assert text == (
        "# The old version of the program:\nimport math\n\n@f\ndef g(): pass\n\n"
        "# Make it faster\n# The new version of the program:\nimport math\n\n@f\ndef"
    )


def test_an_answer_becomes_a_program_and_is_kept() -> None:
    proposal = ask(BUGGY.source, ANSWER + "\n# and then\nprint(1)")
    assert proposal.program == FIXED
    assert proposal.answer == ANSWER
    assert proposal.note == "Fixed bugs."


@pytest.mark.parametrize(
    ("source", "answer", "child"),
    [
        ("def f(): return 1", " f():\n    return 2", "def f():\n    return 2\n"),
        ("def f(): return 1", " f(): return 2\ndef g(): pass", "def f(): return 2\n"),
        ("def f(): return 1", " f(): return 2\n\nprint(f())", "def f(): return 2\n"),
        ("def f(): return 1", " f(): return 2\n```\nSee?", "def f(): return 2\n"),
        ("def f(): return 1", " f(): return 2\ndef g(:", "def f(): return 2\n"),
        ("def f(): return 1", " f(): return 2\r\nx = 1\r\ny = 2", "def f(): return 2\n"),
        ("import m\n\ndef f(): pass", " f(): m.g()", "import m\n\ndef f(): m.g()\n"),
        ("class A: pass\ndef f(): pass", " f(): 1\ndef g(): 2", "class A: pass\ndef f(): 1\n"),
        ("@a\ndef f(): pass", " f(): 1", "@a\ndef f(): 1\n"),
        (
            "def f(): pass\nclass A: pass",
            " f(): 1\n@b\nclass A: 2\nx = 3",
            "def f(): 1\n@b\nclass A: 2\n",
        ),
        ("def f(): pass\ndef g(): pass", " f(): 1\ndef g(", "def f(): 1\n"),
    ],
)
def test_what_is_taken_from_an_answer(source: str, answer: str, child: str) -> None:
    assert read(source, answer) == child


@pytest.mark.parametrize("answer", ["", " f(", "\x00", " " * 100, "f" * 10**5, "(" * 10**5])
def test_what_is_no_program_is_refused_with_its_text(answer: str) -> None:
    proposal = ask(BUGGY.source, answer)
    assert (proposal.program, proposal.refusal) == (None, "answer is no program")
    assert proposal.answer == answer


def test_a_parent_without_a_function_is_not_asked_about() -> None:
    model = ScriptedModel({})
    for text in ("x = 1\n", "def f(", *HOSTILE_PARENTS):
        (proposal,) = Rewrite(model).propose([[Program(text)]], [random.Random(1)])
        assert proposal.program is None
        assert proposal.refusal in {
            "parent has no function",
            "parent does not parse",
            "parent is too long",
            "model gave no answer",
        }


def test_refused_and_asked_parents_keep_their_order() -> None:
    model = ScriptedModel(lambda prompt: " f(): return 2")
    parents = [[Program("x = 1")], [BUGGY], [Program("def f(")], [BUGGY]]
    found = Rewrite(model).propose(parents, [random.Random(k) for k in range(4)])
    assert [p.program is None for p in found] == [True, False, True, False]
    assert [p.parents for p in found] == [(pair[0].hash,) for pair in parents]


def test_messages_are_drawn_by_weight_and_seeds_differ() -> None:
    seen = []
    model = ScriptedModel(lambda prompt: seen.append(prompt) or " f(): pass")
    operator = Rewrite(model).with_messages({"A b.": 3.0, "C d.": 1.0})
    operator.propose([[BUGGY]] * 400, [random.Random(k) for k in range(400)])
    share = sum("# A b.\n" in prompt.text for prompt in seen) / len(seen)
    assert share == pytest.approx(0.75, abs=0.07)
    assert len({prompt.seed for prompt in seen}) == 400
    assert "A b." in operator.identity
    with pytest.raises(ConfigError, match="positive weights"):
        operator.with_messages({"A b.": 0.0})
