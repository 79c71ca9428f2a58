"""Commit-style edits as data: make them, write and read them in several forms, apply them."""

from ulmus.diffs.applying import Applied, Refused, apply
from ulmus.diffs.edit import Edit, Hunk
from ulmus.diffs.formats import FORMS, parse, render
from ulmus.diffs.making import make
from ulmus.diffs.numbered import number_lines
from ulmus.errors import EditFormatError

__all__ = [
    "FORMS",
    "Applied",
    "Edit",
    "EditFormatError",
    "Hunk",
    "Refused",
    "apply",
    "make",
    "number_lines",
    "parse",
    "render",
]
