"""The operator `sample` with answers written beforehand: what becomes of good and bad ones."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from pydantic import ValidationError

from ulmus.catalogue import make_operator
from ulmus.errors import ConfigError, ModelError
from ulmus.models.inventing import Inventing, read_inventing
from ulmus.models.scripted import ScriptedModel
from ulmus.operators import conformance
from ulmus.operators.sample import (
    NO_ANSWER,
    NO_END,
    NOT_TEXT,
    SampleOperator,
    SampleSettings,
    prompt_for,
)
from ulmus.records import Completion, Program, Proposal

TOLD = Inventing(prompt="import math\n", end="<|endoftext|>", max_tokens=50)
ORDER = "# fitness 10 height 5.0"


class Fixed(ScriptedModel):
    """Gives one completion as it is."""

    def __init__(self, completion: Completion):
        super().__init__(["unused"])
        self.completion = completion

    def complete(self, prompts, sampling):
        return [self.completion] * len(prompts)


def drawn(operator: SampleOperator) -> Proposal:
    (proposal,) = operator.propose([()], [random.Random(3)])
    return proposal


def test_the_operator_keeps_the_promises_of_operators() -> None:
    answers = [f"x = {number}\n" for number in range(7)]
    conformance.check_operator(SampleOperator(ScriptedModel(answers), TOLD), [Program("")])


def test_a_program_is_the_prompt_and_the_answer() -> None:
    proposal = drawn(SampleOperator(ScriptedModel(["x = 1\n<|endoftext|>y = 2"]), TOLD))
    assert proposal.program == Program("import math\nx = 1\n")
    assert (proposal.parents, proposal.answer, proposal.note) == ((), "x = 1\n", "")


def test_the_mark_before_a_prompt_is_no_part_of_the_program() -> None:
    told = Inventing(prompt="import math\n", start="<|endoftext|>")
    proposal = drawn(SampleOperator(ScriptedModel(["x = 1\n"]), told))
    assert proposal.program == Program("import math\nx = 1\n")


@pytest.mark.parametrize(
    ("completion", "refusal"),
    [
        (Completion("", error="no"), NO_ANSWER),
        (Completion("x = 1", 3, "the context of 3 tokens is full"), NO_END),
        (Completion("x = 1", 50), NO_END),
        (Completion("x = '\ufffd'\n", 5), NOT_TEXT),
    ],
)
def test_what_is_no_program_is_refused(completion: Completion, refusal: str) -> None:
    proposal = drawn(SampleOperator(Fixed(completion), TOLD))
    assert (proposal.program, proposal.refusal) == (None, refusal)


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("before", "# fitness 3 height 2.0\nx = 1\n"),
        ("after", "x = 1\n\n# fitness 3 height 2.0\n"),
        ("none", "x = 1\n"),
    ],
)
def test_the_properties_are_taken_off(where, answer: str) -> None:
    told = Inventing(prompt="", properties=where)
    assert drawn(SampleOperator(ScriptedModel([answer]), told)).program == Program("x = 1\n")


@pytest.mark.parametrize(
    ("prompt", "rest"),
    [("", ""), ("# fitness", ""), ("import math\n", "import math\n"), ("# fitness 3\nx", "x")],
)
@pytest.mark.parametrize("start", ["", "<|endoftext|>"])
def test_an_order_stands_where_the_properties_stood(prompt: str, rest: str, start: str) -> None:
    told = Inventing(prompt=prompt, start=start, properties="before")
    assert prompt_for(told, ORDER) == f"{start}{ORDER}\n{rest}"
    assert prompt_for(told) == start + prompt


def test_each_order_gets_its_share() -> None:
    told = Inventing(prompt="", properties="before")
    orders = ["# fitness 1 height 1.0", "# fitness 1 height 2.0"]
    model = ScriptedModel(lambda prompt: f"x = {prompt.text.split()[4]}\n")
    operator = SampleOperator(model, told, SampleSettings(orders=orders))
    made = operator.propose([()] * 200, [random.Random(number) for number in range(200)])
    for order, value in zip(orders, ("1.0", "2.0"), strict=True):
        mine = [proposal.program for proposal in made if proposal.note == order]
        assert 60 < len(mine) < 140
        assert set(mine) == {Program(f"x = {value}\n")}


@pytest.mark.parametrize("where", ["none", "after"])
def test_only_a_model_that_was_taught_it_writes_to_order(where) -> None:
    with pytest.raises(ConfigError, match="not taught to write to order"):
        SampleOperator(
            ScriptedModel(["x"]),
            Inventing(prompt="", properties=where),
            SampleSettings(orders=[ORDER]),
        )


def test_every_setting_that_can_change_a_program_is_in_the_identity() -> None:
    model = ScriptedModel(["x"])
    told = Inventing(prompt="", properties="before")
    variants = [
        SampleOperator(model, told),
        SampleOperator(model, told, SampleSettings(temperature=0.5)),
        SampleOperator(model, told, SampleSettings(top_p=0.5)),
        SampleOperator(model, told, SampleSettings(max_tokens=7)),
        SampleOperator(model, told, SampleSettings(attempts=2)),
        SampleOperator(model, told, SampleSettings(line_attempts=2)),
        SampleOperator(model, told, SampleSettings(new_attempts=2)),
        SampleOperator(model, told, SampleSettings(new_attempts=2), known={Program("x").hash}),
        SampleOperator(model, told, SampleSettings(orders=[ORDER])),
        SampleOperator(model, Inventing(prompt="x", properties="before")),
        SampleOperator(ScriptedModel(["y"]), told),
    ]
    assert len({operator.identity for operator in variants}) == len(variants)


class Listed(ScriptedModel):
    """Gives the answers of a list one call after the other, to all prompts of the call."""

    def __init__(self, answers: list[str]):
        super().__init__(["unused"])
        self.answers = answers
        self.seeds: list[list[int]] = []

    def complete(self, prompts, sampling):
        answer = self.answers[len(self.seeds)]
        self.seeds.append([prompt.seed for prompt in prompts])
        return [Completion(answer, 50 if answer == "endless" else 3) for _ in prompts]


@pytest.mark.parametrize(
    ("answers", "attempts", "calls", "kept"),
    [
        (["x = (\n", "x = 1\n"], 1, 1, "x = (\n"),
        (["x = (\n", "x = 1\n"], 3, 2, "x = 1\n"),
        (["x = y\n", "endless", "x = 2\n", "x = 3\n"], 4, 3, "x = 2\n"),
        (["x = (\n", "x = y\n"], 2, 2, "x = y\n"),  # the last is run, and fails, as it is
        (["x = (\n", "endless"], 2, 2, None),
    ],
)
def test_a_program_that_is_sure_to_fail_is_drawn_again(answers, attempts, calls, kept) -> None:
    model = Listed(answers)
    proposal = drawn(SampleOperator(model, TOLD, SampleSettings(attempts=attempts)))
    assert proposal.program == (None if kept is None else Program(TOLD.prompt + kept))
    seeds = {seed for (seed,) in model.seeds}
    assert len(seeds) == len(model.seeds) == calls


@pytest.mark.parametrize(
    ("answers", "attempts", "new_attempts", "calls", "kept"),
    [
        (["x = 0\n", "x = 1\n"], 1, 1, 1, "x = 0\n"),
        (["x = 0\n", "x = 1\n"], 1, 3, 2, "x = 1\n"),
        (["x = 0\n", "x = 0\n"], 5, 2, 2, "x = 0\n"),  # the last is kept
        (["x = (\n", "x = 1\n"], 1, 3, 1, "x = (\n"),  # what fails is drawn again by `attempts`
        (["x = (\n", "x = 0\n", "x = 1\n"], 2, 3, 3, "x = 1\n"),
        (["x = 0\n", "x = (\n"], 5, 2, 2, "x = 0\n"),  # better a known one than none
        (["x = 0\n", "x = (\n", "x = 1\n"], 1, 3, 3, "x = 1\n"),
    ],
)
def test_a_program_that_is_known_is_drawn_again(
    answers, attempts, new_attempts, calls, kept
) -> None:
    model = Listed(answers)
    settings = SampleSettings(attempts=attempts, new_attempts=new_attempts)
    known = {Program(TOLD.prompt + "x = 0\n").hash}
    proposal = drawn(SampleOperator(model, TOLD, settings, known=known))
    assert proposal.program == Program(TOLD.prompt + kept)
    assert len({seed for (seed,) in model.seeds}) == len(model.seeds) == calls


def test_only_those_that_fail_are_drawn_again() -> None:
    model = ScriptedModel(lambda prompt: f"x = {'(' * (prompt.seed % 2)}1\n")
    operator = SampleOperator(model, TOLD, SampleSettings(attempts=40))
    rngs = [random.Random(number) for number in range(30)]
    first = [proposal.program for proposal in SampleOperator(model, TOLD).propose([()] * 30, rngs)]
    rngs = [random.Random(number) for number in range(30)]
    made = operator.propose([()] * 30, rngs)
    assert {proposal.program for proposal in made} == {Program("import math\nx = 1\n")}
    assert len(set(first)) == 2


def test_bad_settings_are_refused() -> None:
    for wrong in (
        {"temperature": -1.0},
        {"top_p": 0.0},
        {"max_tokens": 0},
        {"attempts": 0},
        {"new_attempts": 0},
        {"order": "x"},
    ):
        with pytest.raises(ValidationError):
            SampleSettings(**wrong)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "has no ulmus.json"),
        ("[", "cannot read"),
        (
            '{"style": "special"}',
            "must say kind 'inventor', it says None; `ulmus train inventor` makes",
        ),
        ('{"kind": "inventor"}', "prompt must be of type str"),
        ('{"kind": "inventor", "prompt": 3}', "prompt must be of type str, got 3"),
        ('{"kind": "inventor", "prompt": "", "max_tokens": "9"}', "max_tokens must be of type int"),
        ('{"kind": "inventor", "prompt": "", "properties": "x"}', "none, before or after"),
    ],
)
def test_a_folder_that_is_no_model_of_programs_is_named(tmp_path: Path, text, why: str) -> None:
    if text is not None:
        (tmp_path / "ulmus.json").write_text(text, "utf-8")
    with pytest.raises(ModelError, match=why) as caught:
        read_inventing(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_what_a_folder_says_is_read(tmp_path: Path) -> None:
    told = {"kind": "inventor", "prompt": "a", "start": "s", "end": "b", "problem": "c", "problem_options": {"d": 1},
            "properties": "after", "max_tokens": 5, "more": "ignored"}  # fmt: skip
    (tmp_path / "ulmus.json").write_text(json.dumps(told), "utf-8")
    assert read_inventing(tmp_path) == Inventing("a", "s", "b", "c", {"d": 1}, "after", 5)


def test_the_operator_needs_a_model() -> None:
    with pytest.raises(ConfigError, match="sample:FOLDER"):
        make_operator("sample")
