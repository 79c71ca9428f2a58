"""What models write around an edit, and what is none."""

from __future__ import annotations

import pytest

from ulmus.diffs import FORMS, Applied, EditFormatError, apply, make, number_lines, parse, render
from ulmus.errors import ConfigError

BEFORE = "import os\n\ndef f(x):\n    y = x + 1\n    return y\n"
AFTER = BEFORE.replace("x + 1", "x + 2")


def applied(answer: str, form: str) -> str | None:
    return apply(BEFORE, parse(answer, form)).text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "wrap",
    [
        "{}\n",
        "{}\n\n\n",
        "```\n{}\n```\n",
        "Here is the change:\n\n```diff\n{}\n```\n\nIt adds two.",
    ],
)
def test_wrapped_answers(form: str, wrap: str) -> None:
    answer = wrap.format(render(make(BEFORE, AFTER), form, BEFORE))
    text = applied(answer, form)
    assert text is not None
    assert text.rstrip("\n") == AFTER.rstrip("\n")


@pytest.mark.parametrize("form", FORMS)
def test_windows_line_ends(form: str) -> None:
    answer = render(make(BEFORE, AFTER), form, BEFORE) + "\n"
    text = applied(answer.replace("\n", "\r\n"), form)
    assert text is not None
    assert text.rstrip("\n") == AFTER.rstrip("\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("answer", ["", "\n \n"])
def test_empty_answers(form: str, answer: str) -> None:
    with pytest.raises(EditFormatError, match="came an empty answer"):
        parse(answer, form)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "rewrite"])
def test_chatter_is_no_edit(form: str) -> None:
    with pytest.raises(EditFormatError, match=r"expected .*, came 'I would"):
        parse("I would rather not.", form)


@pytest.mark.parametrize(
    "answer",
    [
        "--- a/x.py\n+++ b/x.py\n@@ -3,3 +3,3 @@ def f(x):\n     y = x\n",
        "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -3 +3 @@\n",
        "--- a/x.py\n+++ b/x.py\n",
        "@@ ... @@\n",
    ],
)
def test_headers_of_unified_diffs(answer: str) -> None:
    answer += " def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y"
    if "     y = x\n" in answer:
        answer = answer.replace("     y = x\n def f(x):\n", " def f(x):\n")
    assert applied(answer, "unified") == AFTER


def test_names_of_a_second_file_end_a_hunk() -> None:
    answer = "@@\n-    y = x + 1\n+    y = x + 2\n     return y\n--- a/z\n+++ b/z\n@@\n-import os\n+import re"
    assert applied(answer, "unified") == AFTER.replace("os", "re")


def test_remarks_below_a_hunk() -> None:
    answer = "@@\n def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y\n\nThis adds two.\nBye."
    assert applied(answer, "unified") == AFTER


def test_context_without_its_blank() -> None:
    answer = "@@\ndef f(x):\n-    y = x + 1\n+    y = x + 2"
    assert applied(answer, "unified") == AFTER


@pytest.mark.parametrize(
    "answer",
    [
        "@@ 4\n    y = x + 2",
        "@@4 @@\n    y = x + 2\n",
        "@@ 4-4\n4|    y = x + 2",
        "Sure.\n@@ 4\n    y = x + 2",
    ],
)
def test_ways_to_write_numbers(answer: str) -> None:
    assert applied(answer, "numbered") == AFTER


@pytest.mark.parametrize("answer", ["@@ 5-4\nx", "@@ 4\nx\n@@ seven\ny", "@@ " + "9" * 5000])
def test_numbers_that_are_none(answer: str) -> None:
    with pytest.raises(EditFormatError):
        parse(answer, "numbered")


def test_blocks_without_their_end() -> None:
    block = "<<<<<<< SEARCH\n    y = x + 1\n=======\n    y = x + 2"
    assert applied(block, "search-replace") == AFTER
    assert applied(block + "\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nimp", "search-replace") == AFTER
    with pytest.raises(EditFormatError, match="======="):
        parse("<<<<<<< SEARCH\n    y = x + 1", "search-replace")


def test_form_must_exist() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'unified'"):
        parse("@@", "unifid")


def test_numbered_text() -> None:
    assert number_lines(BEFORE) == "1|import os\n2|\n3|def f(x):\n4|    y = x + 1\n5|    return y"
    assert number_lines("") == ""


def test_readable_forms() -> None:
    edit = make(BEFORE, AFTER)
    assert (
        render(edit, "unified", BEFORE)
        == "@@\n def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y"
    )
    assert render(edit, "numbered", BEFORE) == "@@ 4\n    y = x + 2"
    assert render(edit, "unified-numbers", BEFORE) == (
        "@@ -1,5 +1,5 @@\n import os\n \n def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y"
    )
    assert render(edit, "search-replace", BEFORE) == (
        "<<<<<<< SEARCH\n    y = x + 1\n=======\n    y = x + 2\n>>>>>>> REPLACE"
    )


def test_context_grows_until_the_place_is_unique() -> None:
    before = "a\nx\ny\nb\nx\ny\nc"
    edit = make(before, "a\nx\ny\nb\nx\nz\nc")
    assert render(edit, "unified", before) == "@@\n x\n-y\n+z\n c"
    edit = make(before, "a\nx\nw\ny\nb\nx\ny\nc")
    assert render(edit, "unified", before) == "@@\n a\n x\n+w\n y\n b"


def test_edit_of_one_form_can_be_written_in_another() -> None:
    edit = parse("@@ 4\n    y = x + 2", "numbered")
    for form in FORMS:
        result = apply(BEFORE, parse(render(edit, form, BEFORE), form))
        assert isinstance(result, Applied)
        assert result.text == AFTER
