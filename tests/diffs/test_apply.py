"""Where hunks go that the text does not hold literally, and which are refused."""

from __future__ import annotations

import pytest

from ulmus.diffs import Applied, Edit, Hunk, Refused, apply, make, parse, render

PROGRAM = """\
import math


def area(radius):
    result = math.pi * radius ** 2
    return result


def volume(radius, height):
    base = area(radius)
    result = base * height
    return result
"""


def new_text(edit: str, form: str = "unified", text: str = PROGRAM) -> str:
    result = apply(text, parse(edit, form))
    assert isinstance(result, Applied), result
    assert not result.exact
    return result.text


def reason(edit: str, form: str = "unified", text: str = PROGRAM) -> str:
    result = apply(text, parse(edit, form))
    assert isinstance(result, Refused), result
    assert result.text is None
    return result.reason


def test_literal_hunk_is_exact() -> None:
    result = apply(PROGRAM, parse("@@\n-    base = area(radius)\n+    base = 1", "unified"))
    assert isinstance(result, Applied)
    assert result.exact
    assert result.text == PROGRAM.replace("base = area(radius)", "base = 1")


def test_every_hunk_applies_or_none() -> None:
    edit = "@@\n-    base = area(radius)\n+    base = 1\n@@\n-nowhere = here(at, all)\n+x"
    assert reason(edit) == "place not found"


@pytest.mark.parametrize(
    "edit",
    [
        "@@\n-    return result\n+    return 2 * result",
        "@@\n-    return  result\n+    return 2 * result",
        "@@\n \n+    # pause\n \n",
    ],
)
def test_two_places_are_refused(edit: str) -> None:
    assert reason(edit) == "place ambiguous"


def test_number_decides_between_equal_places() -> None:
    edit = "@@ -12 +12 @@\n-    return result\n+    return 1"
    result = apply(PROGRAM, parse(edit, "unified-numbers"))
    assert isinstance(result, Applied)
    assert result.text == PROGRAM[: -len("    return result\n")] + "    return 1\n"


def test_wrong_number_between_equal_places_is_refused() -> None:
    assert (
        reason("@@ -9 +9 @@\n-    return result\n+    return 1", "unified-numbers")
        == "place ambiguous"
    )


def test_hunks_around_decide_between_equal_places() -> None:
    edit = "@@\n-    base = area(radius)\n+    base = 1\n@@\n-    return result\n+    return 1"
    result = apply(PROGRAM, parse(edit, "unified"))
    assert isinstance(result, Applied)
    assert result.text.endswith("base = 1\n    result = base * height\n    return 1\n")


def test_the_only_place_that_parses_decides() -> None:
    text = (
        "def f(x):\n    y = [\n        1,\n    ]\n    z = {\n        2: 3,\n    }\n    return y, z"
    )
    edit = "@@\n     y = [\n+        4: 5,\n     z = {"
    assert reason(edit, text=text.replace("def f", "deff")) == "place ambiguous"
    text = "def f(x):\n    y = 1\n    if x:\n        y = 2\n    return y"
    assert new_text("@@\n     y = 1\n+        y += 3\n         y = 2", text=text) == text.replace(
        "if x:\n", "if x:\n        y += 3\n"
    )


def test_wrong_context_keeps_the_text_of_the_file() -> None:
    edit = "@@\n def volum(radius, heigth):\n-    base = area(radius)\n+    base = 7\n     result = base"
    assert new_text(edit) == PROGRAM.replace("area(radius)\n", "7\n")


def test_missing_context_line_is_skipped() -> None:
    edit = "@@\n def volume(radius, height):\n     result = base * height\n-    return result\n+    return 3"
    assert new_text(edit).endswith("    result = base * height\n    return 3\n")


def test_reindented_hunk_is_indented_as_the_file() -> None:
    edit = "@@\n base = area(radius)\n-result = base * height\n+if base:\n+    result = 1"
    changed = "    if base:\n        result = 1\n"
    assert new_text(edit) == PROGRAM.replace("    result = base * height\n", changed)


def test_removed_line_that_reads_like_the_new_one_goes() -> None:
    edit = "@@\n def f():\n-        a()\n-    b()\n+    if x:\n+        a()\n+        b()\n     c()"
    text = "def f():\n    a()\n    b()\n    c()"
    assert new_text(edit, text=text) == "def f():\n    if x:\n        a()\n        b()\n    c()"


def test_cut_off_last_line() -> None:
    edit = "@@\n     base = area(radius)\n+    base += 1\n     result = bas"
    assert new_text(edit) == PROGRAM.replace(
        "    result = base", "    base += 1\n    result = base"
    )


def test_removed_line_that_is_not_there_refuses() -> None:
    edit = "@@\n     base = area(radius)\n-    unrelated()\n     result = base * height\n     return result"
    assert reason(edit) == "place not found"


def test_line_of_the_file_between_removed_ones_refuses() -> None:
    edit = "@@\n def volume(radius, height):\n-    base = area(radius)\n-    return result\n+    return 1\n"
    assert reason(edit) == "place ambiguous"


def test_diff_of_another_file_is_refused() -> None:
    edit = "@@\n class Walker:\n-    def muscles(self, joints):\n+    def muscles(self):\n         self.bones = []"
    assert reason(edit) == "place not found"


def test_new_lines_without_context_are_refused() -> None:
    assert reason("@@\n+import os") == "no context to place it by"
    assert apply("", parse("@@\n+import os", "unified")).text == "import os\n"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("@@ 14", "line out of range"),
        ("@@ 0", "line out of range"),
        ("@@ 14+\nx", "line out of range"),
        ("@@ 5\nx\n@@ 2\ny", "blocks out of order"),
        ("@@ 2-5\nx\n@@ 4\ny", "hunks overlap"),
        ("@@ 2+\nx\n@@ 2+\ny", "hunks overlap"),
    ],
)
def test_numbers_that_make_no_sense(edit: str, expected: str) -> None:
    assert reason(edit, "numbered") == expected


def test_strict_takes_literal_hunks_only() -> None:
    edit = parse("@@\n-   base = area(radius)\n+    base = 1", "unified")
    assert isinstance(apply(PROGRAM, edit), Applied)
    assert apply(PROGRAM, edit, tolerant=False).text is None


def test_made_edit_applies_to_a_drifted_text() -> None:
    edit = make(PROGRAM, PROGRAM.replace("base * height", "base + height"))
    drifted = "# a remark\n\n" + PROGRAM.replace("return result", "return  result")
    result = apply(drifted, edit)
    assert isinstance(result, Applied)
    assert result.text == drifted.replace("base * height", "base + height")


def test_an_edit_that_does_not_apply_cannot_be_written() -> None:
    edit = Edit((Hunk(("no such line",), ("x",), first=1),))
    with pytest.raises(ValueError, match="place not found"):
        render(edit, "unified", PROGRAM)
