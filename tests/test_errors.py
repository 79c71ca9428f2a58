"""Errors name what would have been right."""

from __future__ import annotations

from ulmus.errors import unknown_name


def test_an_unknown_name_comes_with_the_nearest_one_and_all_others() -> None:
    told = str(unknown_name("terrain", "FLAT", ["tunnel", "flat"]))
    assert told == "unknown terrain 'FLAT'. Did you mean 'flat'? Known: flat, tunnel."
    assert str(unknown_name("terrain", "moon", ["flat"])) == "unknown terrain 'moon'. Known: flat."


def test_where_there_are_no_names_none_is_listed() -> None:
    told = str(unknown_name("option of problem mine", "bugs", []))
    assert told == "unknown option of problem mine 'bugs': there is none"
