"""Renaming changes local names, everywhere alike, and nothing else."""

from __future__ import annotations

import ast
import random

import pytest

from ulmus.training.renaming import renamed

SOURCE = '''\
import math
from lib import tool as gadget


class Box:
    size = 3

    def area(self, scale):
        total = self.size * scale
        return total


def helper(first, second=2):
    """Add first to second."""
    inner = math.sqrt(first)  # inner
    label = f"{second:.1f}"
    return gadget(inner, mode=label) + len([item for item in range(second)])


def make_walker():
    return helper(1) + Box().area(2)
'''


def test_local_names_change_and_meanings_stay() -> None:
    new = renamed({"a": SOURCE}, "Speed up helper", random.Random(1))
    assert new is not None
    text = new["a"]
    for gone in ("inner =", "first,", "item for item", "total ="):
        assert gone not in text
    for stays in (
        "import math", "gadget(", "class Box", "self.size", "def area(self", "def helper(",
        "second=2", "mode=", "def make_walker", ".area(2)", "len(", "range(", "# inner",
        '"""Add first to second."""',
    ):  # fmt: skip
        assert stays in text
    assert ast.dump(ast.parse(text)).count("Name(") == ast.dump(ast.parse(SOURCE)).count("Name(")


def test_a_renamed_program_does_the_same() -> None:
    source = (
        "def f(x, y):\n    def g(z):\n        return z + x\n    return [g(y) for y in range(y)]\n"
    )
    for seed in range(20):
        new = renamed({"a": source}, "", random.Random(seed))
        assert new is not None
        space: dict[str, object] = {}
        exec(new["a"], space)
        (name,) = [key for key in space if not key.startswith("__")]
        assert space[name](1, 4) == [1, 2, 3, 4]  # type: ignore[operator]


def test_versions_are_renamed_alike_and_a_seed_decides() -> None:
    other = SOURCE.replace("range(second)", "range(second + 1)")
    first = renamed({"a": SOURCE, "b": other}, "", random.Random(5))
    again = renamed({"a": SOURCE, "b": other}, "", random.Random(5))
    assert first == again
    assert first is not None
    changed = [
        (a, b)
        for a, b in zip(first["a"].split("\n"), first["b"].split("\n"), strict=True)
        if a != b
    ]
    assert [b.replace(" + 1", "") for _, b in changed] == [a for a, _ in changed]
    assert len(changed) == 1
    assert first != renamed({"a": SOURCE, "b": other}, "", random.Random(6))


def test_new_names_collide_with_nothing() -> None:
    source = "def f(idx):\n    pos = idx\n    cur = pos + idx\n    return cur\n"
    for seed in range(50):
        new = renamed({"a": source}, "", random.Random(seed))
        assert new is not None
        names = {node.id for node in ast.walk(ast.parse(new["a"])) if isinstance(node, ast.Name)}
        assert len(names) == 3


@pytest.mark.parametrize("text", ["def f(:", "x = '", "\0", "if x:\n  y\n z"])
def test_what_cannot_be_read_is_left_alone(text: str) -> None:
    assert renamed({"a": text}, "", random.Random(0)) is None
