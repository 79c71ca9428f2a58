"""Blocks of numbered edits move to the depth of the lines that they replace."""

import pytest

from ulmus.diffs import apply, parse
from ulmus.diffs.indenting import fit_indentation

TEXT = "def f(x):\n    for k in range(3):\n        x += k\n    return x\n"


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ("@@ 3\nx += 2 * k", "        x += 2 * k\n"),
        ("@@ 3\n            if k:\n                x += k", "        if k:\n            x += k\n"),
        ("@@ 3+\n    x += 1", "        x += k\n        x += 1\n"),
        ("@@ 2+\n    x += 1", "        x += 1\n        x += k\n"),
    ],
)
def test_a_block_gets_the_depth_of_its_place(answer, after):
    done = apply(TEXT, fit_indentation(TEXT, parse(answer, "numbered")))
    assert done.text == f"def f(x):\n    for k in range(3):\n{after}    return x\n"


@pytest.mark.parametrize("answer", ["@@ 40\nx", "@@ 0+\n    x = 1", "@@ 2-3", "@@ 3\n\n"])
def test_what_has_no_depth_stays_as_it_is(answer):
    edit = parse(answer, "numbered")
    assert fit_indentation(TEXT, edit) == edit


def test_other_forms_stay_as_they_are():
    edit = parse("@@\n-        x += k\n+    x += 1\n     return x\n", "unified")
    assert fit_indentation(TEXT, edit) == edit
