"""The forms in which an edit is written, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ulmus.diffs.applying import Refused, apply
from ulmus.diffs.blocks import parse_blocks, render_blocks
from ulmus.diffs.edit import Edit
from ulmus.diffs.numbered import parse_numbered, render_numbered
from ulmus.diffs.rewrite import parse_rewrite, render_rewrite
from ulmus.diffs.unified import parse_unified, render_numbers, render_unified
from ulmus.errors import unknown_name

FORMS: Final = ("unified", "unified-numbers", "numbered", "search-replace", "rewrite")

_RENDER: dict[str, Callable[[str, str], str]] = {
    "unified": render_unified,
    "unified-numbers": render_numbers,
    "numbered": render_numbered,
    "search-replace": render_blocks,
    "rewrite": lambda before, after: render_rewrite(after),
}
_PARSE: dict[str, Callable[[str], Edit]] = {
    "unified": parse_unified,
    "unified-numbers": parse_unified,
    "numbered": parse_numbered,
    "search-replace": parse_blocks,
    "rewrite": parse_rewrite,
}


def check_form(form: str) -> None:
    """Check that a form exists.

    Raises:
        ConfigError: It does not.
    """
    if form not in FORMS:
        raise unknown_name("form of edits", form, FORMS)


def render(edit: Edit, form: str, before: str) -> str:
    """Return an edit of a text as it is written in a form; no newline at the end.

    `parse` gives an edit back that has the same effect on `before`.

    Raises:
        ConfigError: There is no such form.
        ValueError: The edit does not apply to `before`.
    """
    check_form(form)
    applied = apply(before, edit)
    if isinstance(applied, Refused):
        raise ValueError(f"cannot write an edit that does not apply: {applied.reason}")
    return _RENDER[form](before, applied.text)


def parse(text: str, form: str) -> Edit:
    """Return the edit that a text, such as the answer of a language model, means.

    Chatter above the edit, code fences, names of files, CRLF line ends, wrong counts and a
    missing last newline are put up with.

    Raises:
        ConfigError: There is no such form.
        EditFormatError: Nothing usable is there.
    """
    check_form(form)
    return _PARSE[form](text)
