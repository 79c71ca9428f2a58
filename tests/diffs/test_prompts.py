"""What a model is shown and how its answer is read."""

from __future__ import annotations

import pytest

from ulmus.diffs import FORMS, EditFormatError, apply, make
from ulmus.diffs.prompts import Layout
from ulmus.errors import ConfigError

BEFORE = "import os\nx = 1"
AFTER = "import os\nx = 2"


def test_special_layout() -> None:
    layout = Layout("special", "numbered")
    assert layout.prompt(BEFORE, "Double it.") == (
        "<filename>program.py\n1|import os\n2|x = 1\n<file_sep>Double it.\n<jupyter_output>"
    )
    assert layout.target(BEFORE, AFTER) == "@@ 2\nx = 2<|endoftext|>"
    assert layout.stop == ("<|endoftext|>", "<filename>", "<file_sep>", "<jupyter_output>")


def test_layout_of_published_models() -> None:
    layout = Layout("tags", "unified-numbers")
    assert layout.prompt(BEFORE, "Double it.", "f.py") == (
        "<NME> f.py\n<BEF> import os\nx = 1\n<MSG> Double it.\n<DFF> "
    )


@pytest.mark.parametrize("style", ["special", "tags"])
@pytest.mark.parametrize("form", FORMS)
def test_answers_are_read(style: str, form: str) -> None:
    layout = Layout(style, form)  # type: ignore[arg-type]
    answer = layout.target(BEFORE, AFTER) + "<filename>more"
    assert apply(BEFORE, layout.read(answer)).text == AFTER
    assert layout.target(BEFORE, make(BEFORE, AFTER)) + "<filename>more" == answer


@pytest.mark.parametrize("form", FORMS)
def test_prompts_of_a_parent_share_all_before_the_message(form: str) -> None:
    layout = Layout("special", form)
    one, other = layout.prompt(BEFORE, "Fix it."), layout.prompt(BEFORE, "Add one.")
    assert one.split("<file_sep>")[0] == other.split("<file_sep>")[0]


def test_cut_off_answer_loses_its_last_line() -> None:
    layout = Layout()
    assert layout.read("@@ 1\nimport re\n@@ 2", cut_off=True).hunks[0].added == ("import re",)
    assert len(layout.read("@@ 1\nimport re\n@@ 2", cut_off=True).hunks) == 1
    with pytest.raises(EditFormatError):
        layout.read("@@ 12", cut_off=True)


@pytest.mark.parametrize("marker", Layout().markers)
def test_programs_cannot_forge_markers(marker: str) -> None:
    layout = Layout()
    program = f"x = '{marker}'"
    assert layout.forged(program)
    assert not layout.forged(BEFORE)
    with pytest.raises(ValueError, match="without"):
        layout.prompt(program, "Fix it.")
    with pytest.raises(ValueError, match="without"):
        layout.prompt(BEFORE, marker)
    with pytest.raises(ValueError, match="without"):
        layout.target(BEFORE, program)


def test_layout_must_exist() -> None:
    with pytest.raises(ConfigError):
        Layout("special", "unknown")
    with pytest.raises(ConfigError):
        Layout("chat")  # type: ignore[arg-type]
