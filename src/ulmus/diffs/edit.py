"""What an edit is: hunks of lines, or a whole new text, whatever form it was written in.

A text is the list of what stands between its "\\n": "a\\nb\\n" is ["a", "b", ""] and "" is [""].
So a missing or an extra last newline is an ordinary difference in lines, and no other character
(form feed, carriage return, Unicode line separator) ever splits a line.
"""

from __future__ import annotations

from dataclasses import dataclass


def split_lines(text: str) -> list[str]:
    """Return the lines of a text; never empty, and `join_lines` gives the text back."""
    return text.split("\n")


def join_lines(lines: list[str]) -> str:
    """Return the text of lines; no line at all is the empty text."""
    return "\n".join(lines)


@dataclass(frozen=True)
class Step:
    """One change of a hunk: lines [start, end) of `Hunk.old`, from 0, become `added`."""

    start: int
    end: int
    added: tuple[str, ...]


@dataclass(frozen=True)
class Hunk:
    """One place of an edit.

    Attributes:
        removed: Lines that go, among them those between two changes, which `added` repeats; None
            where the form says only which lines go, not what they are ("numbered").
        added: Lines that come in their stead.
        before: Context just above, top line first; may be empty.
        after: Context just below, top line first; may be empty.
        first: Number of the first removed line in the original text, from 1, or, if nothing is
            removed, of the line above which `added` goes; None where the form has no numbers.
        last: Number of the last removed line; `first` - 1 if nothing is removed. Only for
            `removed` None, where the numbers alone decide.
        steps: The single changes, top first; None where the form does not tell them apart from
            the lines between, so that lines that are in both `removed` and `added` are taken for
            context ("search-replace").
    """

    removed: tuple[str, ...] | None
    added: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None
    steps: tuple[Step, ...] | None = None

    @property
    def old(self) -> tuple[str, ...]:
        """Return what the text should read there, context included."""
        return self.before + (self.removed or ()) + self.after


@dataclass(frozen=True)
class Edit:
    """A change of one text.

    Attributes:
        hunks: The places, in the order in which they were written; none if nothing changes.
        message: What the edit is meant to do, for people and models.
        text: The whole new text, for form "rewrite"; then there are no hunks.
    """

    hunks: tuple[Hunk, ...] = ()
    message: str = ""
    text: str | None = None
