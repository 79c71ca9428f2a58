"""A sample is kept only if its edit, written and read again, gives the new text exactly."""

from __future__ import annotations

import pytest

from ulmus import diffs
from ulmus.mining import verify

BEFORE, AFTER = "def f(x):\n    return x\n", "def f(x):\n    return x + 1\n"


def test_an_edit_that_comes_out_right_is_kept() -> None:
    assert verify.refusal(BEFORE, AFTER) is None
    assert verify.refusal(BEFORE, AFTER, verify.rendered(BEFORE, AFTER).u1) is None


def test_another_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = diffs.Applied(AFTER + "\n", exact=True)
    monkeypatch.setattr(verify.diffs, "apply", lambda text, edit: wrong)
    assert verify.refusal(BEFORE, AFTER) == "unified: another text"


def test_an_edit_without_its_place_is_refused() -> None:
    edit = "@@\n-while True: pass\n+    return x + 1\n"
    assert verify.refusal(BEFORE, AFTER, edit) == "unified: place not found"


def test_what_is_no_edit_is_refused() -> None:
    assert verify.refusal(BEFORE, AFTER, "nothing of the kind") == "unified: not read"
