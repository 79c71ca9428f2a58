"""Which function is called when evolution has renamed the entry."""

from __future__ import annotations

from typing import Any

import pytest

from ulmus.sandbox.guest import entry


def namespace(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), names)
    return names


def found(source: str, *args: object) -> str:
    return entry.find(namespace(source), "make_walker", args, "<program>")[0]


@pytest.mark.parametrize("renamed", ["walker", "make_walk", "Make_Walker", "make_walker2", "mk"])
def test_renamed_entries_of_the_paper_are_found(renamed: str) -> None:
    helper = "def make_square(wc, x0, y0): pass\ndef query(): pass\n"
    assert found(f"{helper}def {renamed}(d=0.03, n=8): pass") == renamed


def test_the_name_asked_for_wins_even_if_it_cannot_take_the_arguments() -> None:
    assert found("def make_walker(a, b): pass\ndef make_walke(): pass") == "make_walker"


def test_imported_functions_and_classes_are_not_entries() -> None:
    source = "from os.path import join as make_walke\nclass make_walk: pass\ndef z(): pass"
    assert found(source) == "z"


def test_functions_must_be_callable_as_asked() -> None:
    source = "def walker(a, b): pass\ndef z(a, b, c=1): pass\ndef only_keywords(*, k): pass"
    assert found(source, 1, 2) == "walker"
    assert found(source, 1, 2, 3) == "z"


def test_between_equals_the_last_defined_wins() -> None:
    assert found("def xx(): pass\ndef yy(): pass") == "yy"
    assert found("def yy(): pass\ndef xx(): pass") == "xx"


def test_the_message_names_what_there_is() -> None:
    with pytest.raises(entry.NoEntryError, match=r"found make_walker = int, help\(a, b\)"):
        found("def help(a, b): pass\nmake_walker = 3")
    with pytest.raises(entry.NoEntryError, match=r"function make_walker\(\), found no function"):
        found("x = 1")
    many = "\n".join(f"def f{i}(a): pass" for i in range(9))
    with pytest.raises(entry.NoEntryError, match="and 4 more"):
        found(many)
