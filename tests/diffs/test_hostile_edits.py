"""Whatever a model answers: an error of one kind, or a refusal, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ulmus.diffs import FORMS, Applied, Edit, EditFormatError, Refused, apply, make, parse, render

NUM_LINES = 100_000
LONGEST_S = 20.0  # of processor time; the slowest takes about a second
ANSWERS = {
    "one line": "x" * 1_000_000,
    "NUL": "\0\n" * NUM_LINES,
    "surrogates": "@@\n" + "-\ud800\n" * NUM_LINES,
    "headers": "@@ 1\n" * NUM_LINES,
    "rising": "\n".join(f"@@ {number}\nx" for number in range(1, NUM_LINES)),
    "hunks": "@@\n-a\n+b\n" * NUM_LINES,
    "removals": "@@\n" + "-a\n" * NUM_LINES,
    "fences": "```\n" * NUM_LINES,
    "ticks": "`" * 1_000_000,
    "blocks": "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n" * (NUM_LINES // 5),
    "remarks": "@@\n-a\n" + "\n\nfoo" * NUM_LINES,
    "numbers": "@@ " + "9" * NUM_LINES,
    "similar": "@@\n" + "\n".join(f"-self.valve_{i} = compute(value_{i})" for i in range(300)),
    "long search": "<<<<<<< SEARCH\n" + "b\na\n" * NUM_LINES + "=======\n" + "a\nc\n" * NUM_LINES,
}
ODD_LINES = [
    *("@@", "@@ 1", "@@ 2+", "@@ -1,2 +1 @@", " a", "-a", "+b", "-", "", "a", "\\ No", "\r"),
    *("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "```", "--- a", "+++ b", "\0", "\ud800"),
]
TEXTS = {
    "empty": "",
    "equal lines": "a\n" * NUM_LINES,
    "similar lines": "\n".join(f"self.value_{i} = compute(value_{i})" for i in range(NUM_LINES)),
}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
def test_huge_answers(answer: str) -> None:
    start = time.process_time()
    for form in FORMS:
        try:
            edit = parse(ANSWERS[answer], form)
        except EditFormatError:
            continue
        for text in TEXTS.values():
            result = apply(text, edit)
            assert isinstance(result, Applied | Refused)
    assert time.process_time() - start < LONGEST_S


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * NUM_LINES, "a\nb\n" * (NUM_LINES // 2)),
        ("\n".join(map(str, range(NUM_LINES))), "\n".join(map(str, range(NUM_LINES, 0, -1)))),
        (
            "\n".join(f"x{i}\nu{i}" for i in range(NUM_LINES // 2)),
            "\n".join(f"x{i}\nv{i}" for i in range(NUM_LINES // 2)),
        ),
        ("", "\n" * NUM_LINES),
    ],
)
def test_huge_edits(before: str, after: str) -> None:
    start = time.process_time()
    edit = make(before, after)
    for form in FORMS:
        assert apply(before, parse(render(edit, form, before), form)).text == after
    assert time.process_time() - start < LONGEST_S


@pytest.mark.parametrize("form", FORMS)
@given(
    text=st.text(max_size=60),
    answer=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(ODD_LINES),
            max_size=12,
        ).map("\n".join),
    ),
)
@example(text="", answer="@@")
@settings(max_examples=60, deadline=None)
def test_odd_answers(form: str, text: str, answer: str) -> None:
    try:
        edit = parse(answer, form)
    except EditFormatError:
        return
    assert isinstance(edit, Edit)
    result = apply(text, edit)
    assert isinstance(result, Applied | Refused)
    if isinstance(result, Refused):
        assert result.reason
    else:
        assert apply(text, make(text, result.text)) == Applied(result.text, exact=True)
