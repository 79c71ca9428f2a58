"""Modules of the job and names of the scope, seen from inside."""

from __future__ import annotations

import pytest

from ulmus.sandbox.guest.modules import mentions


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("np", True),
        ("x = np.sqrt(2)", True),
        ("(np)", True),
        ("anp = np", True),
        ("", False),
        ("input(inp)", False),
        ("np_1 + 1np + _np", False),
        ("npnp", False),
        ("änp = npä", False),
    ],
)
def test_a_name_is_mentioned_as_a_word_of_its_own(source: str, found: bool) -> None:
    assert mentions(source, "np") is found
