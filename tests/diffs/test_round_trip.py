"""make, render, parse and apply give the second text back, whatever the two texts are."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ulmus.diffs import FORMS, Applied, apply, make, parse, render

LINES = [
    "",
    " ",
    "a",
    "    a",
    "\ta",
    "b",
    "return x",
    "@@",
    "@@ 1",
    "@@ 1-2",
    "@@ -1,2 +1,2 @@",
    "\\@@ 1",
    "\\",
    "\\\\",
    "1|a",
    "\\1|a",
    "<<<<<<< SEARCH",
    "=======",
    "\\=======",
    ">>>>>>> REPLACE",
    "-- a/x",
    "++ b/x",
    "--- a/x",
    "+++ b/x",
    "diff --git a/x b/x",
    "\\ No newline at end of file",
    "```",
    "```python",
    "````",
    "+",
    "-",
    "a\r",
    "\r",
    "a\x0cb",
    "\x85",
    "a\u2028b",
    "\x00",
    "\ud800",
    "é",
]
line = st.one_of(st.sampled_from(LINES), st.sampled_from("ab"), st.text(max_size=3))
odd_text = st.lists(line, max_size=14).map("\n".join)
any_text = st.one_of(
    odd_text, st.text(max_size=20), st.lists(st.sampled_from("ab "), max_size=30).map("\n".join)
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """Return a text and a neighbour of it, which share most lines."""
    before = draw(st.lists(line, min_size=1, max_size=24))
    after = list(before)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(after)))
        end = draw(st.integers(start, min(len(after), start + 3)))
        after[start:end] = draw(st.lists(line, max_size=3))
    return "\n".join(before), "\n".join(after)


def check(before: str, after: str, form: str) -> None:
    written = render(make(before, after), form, before)
    result = apply(before, parse(written, form), tolerant=False)
    assert isinstance(result, Applied), (written, result)
    assert result.text == after, written
    assert result.exact


@pytest.mark.parametrize("form", FORMS)
@given(before=any_text, after=any_text)
@example(before="", after="")
@example(before="", after="\n")
@example(before="a", after="a\n")
@example(before="a\n", after="a")
@example(before="a\n", after="a\nb")
@example(before="\n", after="")
@example(before="\n\n", after="\n\n\n")
@example(before="a\r\nb\r\n", after="a\r\nc\r\n")
@settings(max_examples=60, deadline=None)
def test_any_two_texts(form: str, before: str, after: str) -> None:
    check(before, after, form)


@pytest.mark.parametrize("form", FORMS)
@given(texts=edited())
@settings(max_examples=60, deadline=None)
def test_a_text_and_its_neighbour(form: str, texts: tuple[str, str]) -> None:
    check(*texts, form)
