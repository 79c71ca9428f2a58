"""Every sample is written as an edit, read again and applied: only what comes out right is kept."""

from __future__ import annotations

from dataclasses import dataclass

from ulmus import diffs
from ulmus.errors import EditFormatError

VERIFIED_FORMS = ("unified", "numbered")
"""What models of ours speak; the other forms share their code."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An edit in the two forms whose length is stored.

    Attributes:
        u1: Unified, bare headers, as little context as makes the place unique.
        u3: Unified with line numbers and three lines of context.
    """

    u1: str
    u3: str


def rendered(before: str, after: str) -> Rendered:
    """Write an edit in the forms whose length is stored."""
    edit = diffs.make(before, after)
    return Rendered(
        diffs.render(edit, "unified", before), diffs.render(edit, "unified-numbers", before)
    )


def refusal(before: str, after: str, unified: str | None = None) -> str | None:
    """Return why an edit does not survive being written, read and applied; None if it does.

    Args:
        before: Old text.
        after: New text.
        unified: The edit in unified form, if it was rendered already.
    """
    edit = diffs.make(before, after)
    for form in VERIFIED_FORMS:
        text = unified if form == "unified" and unified else diffs.render(edit, form, before)
        try:
            result = diffs.apply(before, diffs.parse(text, form))
        except EditFormatError:
            return f"{form}: not read"
        if isinstance(result, diffs.Refused):
            return f"{form}: {result.reason}"
        if result.text != after:
            return f"{form}: another text"
    return None
