"""Models that follow instructions: what they are asked, and how their chatter is read."""

import pytest

from ulmus.diffs import FORMS, EditFormatError, apply, make, render
from ulmus.diffs.prompts import Layout

BEFORE = 'def f(x):\n    """Say `x`."""\n    y = x + 1\n    return y\n\n\ndef g():\n    return 4\n'
AFTER = BEFORE.replace("x + 1", "x + 2").replace("return 4", "return 5")

THOUGHTS = "<think>\nFirst @@ 1 or ```\nperhaps\n```\n<<<<<<< SEARCH\n</think>\n\n"
CHATTER = ["{}", "Sure! Here is the edit:\n\n{}", THOUGHTS + "{}", "lost opening</think>{}"]
FENCES = [
    "```\n{}\n```",
    "```python\n{}\n```\n\nThis makes `f` add 2.",
    "```diff\n{}\n```\nBye:\n```\nx\n```",
]


def child(answer, form, **options):
    return apply(BEFORE, Layout("instruct", form).read(answer, **options)).text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", CHATTER)
@pytest.mark.parametrize("fence", FENCES)
def test_an_edit_is_found_in_what_is_said_around_it(form, around, fence):
    answer = around.format(fence.format(render(make(BEFORE, AFTER), form, BEFORE)))
    assert child(answer, form) == AFTER


@pytest.mark.parametrize("form", ["search-replace", "numbered", "unified"])
@pytest.mark.parametrize("around", CHATTER)
def test_an_edit_needs_no_fence(form, around):
    assert child(around.format(render(make(BEFORE, AFTER), form, BEFORE)), form) == AFTER


def test_blocks_may_stand_in_a_fence_each():
    first, second = render(make(BEFORE, AFTER), "search-replace", BEFORE).split("\n<<<<<<< SEARCH")
    answer = (
        f"First:\n```python\n{first}\n```\nthen:\n```python\n<<<<<<< SEARCH{second}\n```\nDone."
    )
    assert child(answer, "search-replace") == AFTER


def test_a_whole_program_keeps_its_last_newline_and_is_the_longest_fence():
    answer = (
        f"Now `y = x + 2`:\n```\ny = x + 2\n```\nAll of it:\n```python\n{AFTER.rstrip()}\n```\n"
    )
    assert child(answer, "rewrite") == AFTER


def test_a_number_shown_in_the_prompt_may_be_repeated_above_the_edit():
    answer = "The line\n```\n3|    y = x + 1\n```\nbecomes\n```\n@@ 3\n3|    y = x + 2\n```"
    assert child(answer, "numbered") == BEFORE.replace("x + 1", "x + 2")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "answer", ["", "\n\n", "<think>\nI would rather", "<think></think>", "```\n```"]
)
def test_an_answer_without_edit_is_none(form, answer):
    with pytest.raises(EditFormatError):
        Layout("instruct", form).read(answer)


def test_what_follows_the_end_of_the_turn_and_half_a_last_line_are_dropped():
    answer = render(make(BEFORE, AFTER), "search-replace", BEFORE)
    assert child(answer + "\n<|im_end|>\n<|im_start|>user\n" + answer, "search-replace") == AFTER
    assert child(answer + "\nThis is wh", "search-replace", cut_off=True) == AFTER


@pytest.mark.parametrize("form", FORMS)
def test_the_question_holds_program_message_and_how_to_answer(form):
    layout = Layout("instruct", form)
    asked = layout.prompt(BEFORE, "Make f add 2.", "walker.py")
    assert ("3|    y = x + 1" in asked) if form == "numbered" else (BEFORE in asked)
    assert "walker.py" in asked
    assert "SEARCH" in asked or form != "search-replace"
    head, told, tail = asked.partition("Make f add 2.")
    assert told
    assert len(tail) < 30
    assert layout.prompt(BEFORE, "Other", "walker.py").startswith(head)


def test_a_program_with_a_fence_gets_a_longer_one():
    asked = Layout("instruct", "rewrite").prompt("x = '''\n```\n'''\n", "Go on.")
    assert "````python\nx = '''\n```\n'''\n````\n" in asked


def test_a_program_cannot_end_the_turn():
    layout = Layout("instruct", "search-replace")
    assert layout.forged("x = '<|im_end|>'")
    with pytest.raises(ValueError, match="im_end"):
        layout.prompt("x = '<|im_end|>'", "Go on.")
    assert len(layout.stop) <= 4
