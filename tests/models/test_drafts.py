"""Programs that grow by lines: what no program begins with is drawn again, the rest stays."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_llama import Tiny, write_model

from ulmus.models import generation
from ulmus.models.drafts import LONGEST_LINE
from ulmus.models.local import LocalModel
from ulmus.models.recorded import recording_key
from ulmus.operators.drafting import ProgramCheck, state_of
from ulmus.records import Prompt, Sampling

BEFORE = "import math\n"
END = "<|endoftext|>"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return LocalModel(write_model(tmp_path_factory.mktemp("model"), Tiny(context=512)))


class Scripted:
    """Draws the letters of one text after the other, the next whenever the answer went back."""

    texts: tuple[str, ...] = ()
    drawn: list[tuple[int, int, np.ndarray]]

    def __init__(self, sampling: Sampling) -> None:
        """Take no notice of the sampling."""

    def draw(self, logits, seed, position, again=0):
        Scripted.drawn.append((again, position, logits.copy()))
        text = Scripted.texts[min(again, len(Scripted.texts) - 1)]
        return ord(text[position]) if position < len(text) else 256  # the end


def written(model, monkeypatch, texts, attempts, max_tokens=400):
    """Let a model write texts, each from where the last went back to."""
    monkeypatch.setattr(generation, "Sampler", Scripted)
    Scripted.texts, Scripted.drawn = texts, []
    prompt = Prompt("?" + BEFORE, 1, check=ProgramCheck(BEFORE, attempts))
    (answer,) = model.complete([prompt], Sampling(max_tokens=max_tokens, stop=(END,)))
    assert answer.error is None
    return answer.text


@pytest.mark.parametrize(
    ("texts", "attempts", "kept"),
    [
        (("x = 1\ny = 2\n",), 4, "x = 1\ny = 2\n"),
        # The bad line is drawn again, what stands before it stays.
        (("x = 1\ny = )\n", "x = 1\ny = 3\n"), 4, "x = 1\ny = 3\n"),
        (("x = )\n", "y = 3\n"), 4, "y = 3\n"),
        # So is a line that lacks its end, and a program that does.
        (("x = 1\ny = )", "x = 1\ny = 3"), 4, "x = 1\ny = 3"),
        (("x = 1\ndef f():\n", "x = 1\ndef f():\n    pass\n"), 4, "x = 1\ndef f():\n    pass\n"),
        # A statement over two lines is drawn again from its begin.
        (("x = 1\ny = (2,\n z = 3\n", "x = 1\ny = 2\n"), 4, "x = 1\ny = 2\n"),
        (("x = 1\ny = (2,\n 3)\n",), 4, "x = 1\ny = (2,\n 3)\n"),
        (("def f():\nx = 1\n", "def f():\n  x = 1\n"), 4, "def f():\n  x = 1\n"),
        # After so many draws of one line all is kept as it comes; each line has as many.
        (("x = )\n", "y = )\n", "z = 1\n"), 2, "y = )\n"),
        (("x = )\n", "y = )\nz = ]\n"), 2, "y = )\nz = ]\n"),
        (("x = )\n", "x = 1\ny = )\n", "x = 1\ny = 2\n"), 2, "x = 1\ny = 2\n"),
        (("x = )\n", "y = 1\n"), 1, "x = )\n"),
    ],
)
def test_a_line_that_cannot_be_is_drawn_again(model, monkeypatch, texts, attempts, kept) -> None:
    assert written(model, monkeypatch, texts, attempts) == kept


def test_going_back_leaves_no_trace_in_what_the_model_has_computed(model, monkeypatch) -> None:
    head = "x = 1\n" * 8  # more than a page of 32 tokens
    long = "y = [" + "1, " * 30 + ")\n"
    written(model, monkeypatch, (head + long, head + long, head + "y = 2\n"), 9)
    first, second = (
        {position: logits for again, position, logits in Scripted.drawn if again == turn}
        for turn in (0, 1)
    )
    assert sorted(second) == list(range(len(head), len(head + long)))  # over several pages
    for position, logits in second.items():
        np.testing.assert_array_equal(logits, first[position])


def test_a_line_that_does_not_end_is_drawn_again(model, monkeypatch) -> None:
    endless = "y = 1" + " + 1" * 200
    assert written(model, monkeypatch, (endless, "y = 2\n"), 3, 450) == "y = 2\n"
    assert len(Scripted.drawn) == LONGEST_LINE + 1 + len("y = 2\n") + 1
    whole = "y = 1" + " + 1" * 110
    assert written(model, monkeypatch, (whole,) * 3, 3, 600) == whole  # the last is kept


def test_an_answer_that_may_not_be_longer_is_kept(model, monkeypatch) -> None:
    assert written(model, monkeypatch, ("x = (1\n",), 3, max_tokens=6) == "x = (1"


def test_a_program_too_long_to_look_at_is_kept(model, monkeypatch) -> None:
    monkeypatch.setattr("ulmus.operators.drafting.MAX_PARENT_CHARS", len(BEFORE) + 7)
    assert written(model, monkeypatch, ("x = 1\ny = )\n", "z\n"), 3) == "x = 1\ny = )\n"


def test_greedy_draws_are_the_same_again_and_end(model) -> None:
    prompts = [Prompt(text, 1) for text in ("def f(x):", "a = 1\n", "b")]
    answers = model.complete(prompts, Sampling(0.0, max_tokens=40))
    whole = max((answer.text for answer in answers), key=lambda text: len(text.encode()))
    stop = next(whole[i : i + 2] for i in range(9, len(whole)) if "\ufffd" not in whole[i : i + 2])
    sampling = Sampling(0.0, max_tokens=40, stop=(stop,))
    again = [Prompt(one.text, 1, check=ProgramCheck(one.text, 3)) for one in prompts]
    plain = model.complete(prompts, sampling)
    assert any(len(answer.text) > 5 and answer.num_tokens < 40 for answer in plain)
    assert model.complete(again, sampling) == plain
    assert model.decoder.pages.num_used == 0


def test_answers_with_lines_drawn_again_do_not_depend_on_the_batch(model) -> None:
    sampling = Sampling(1.5, top_p=1.0, max_tokens=300, stop=("e", "t"))
    asked = [
        Prompt("a = 1\n" * (1 + k % 3), k, check=ProgramCheck("a = 1\n" * (1 + k % 3), 30))
        for k in range(24)
    ]
    together = model.complete(asked, sampling)
    assert together == [model.complete([prompt], sampling)[0] for prompt in asked]
    plain = model.complete([Prompt(prompt.text, prompt.seed) for prompt in asked], sampling)
    assert len([1 for few, many in zip(together, plain, strict=True) if few != many]) > 5

    def good(answers):
        texts = [p.text + answer.text + "\n" for p, answer in zip(asked, answers, strict=True)]
        return sum(state_of(text) == "whole" for text in texts)

    assert good(together) > good(plain)


def test_a_recording_tells_apart_how_lines_are_drawn() -> None:
    checks = (None, ProgramCheck("a", 2), ProgramCheck("a", 3), ProgramCheck("", 2))
    keys = [recording_key("m", Sampling(), Prompt("a", 1, check=check)) for check in checks]
    assert len(set(keys)) == 4
