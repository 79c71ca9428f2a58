"""Small edits to learn from, and the settings of a training that takes a blink."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import pytest

from ulmus.mining.sample import Sample

NAMES = ("alpha", "beta", "gamma", "delta")


def program(rng: random.Random) -> list[str]:
    name = rng.choice(NAMES)
    return [f"def {name}(x):", f"    y = x + {rng.randrange(50)}", "    return y", ""]


def sample(number: int, parents: int = 6, **changes: object) -> Sample:
    """The edit of that number; every `parents` edits a program comes again."""
    lines = program(random.Random(number % parents))
    after = [lines[0], f"    y = x * {number}", *lines[2:]]
    plain = Sample(
        before="\n".join(lines),
        after="\n".join(after),
        message=("Make it faster", "Fixed bugs.")[number % 2],
        path="lib/tool.py",
        repo="owner/name",
        family="f",
        split="train",
        kind="change",
        licence="MIT",
        commit_time=1_600_000_000,
        level="func",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.fixture
def edits() -> list[Sample]:
    train = [sample(number) for number in range(24)]
    held = [
        sample(30, family="g", repo="other/one", split="val"),
        sample(31, commit_time=1_750_000_000, recent=True),
        sample(32, family="h", repo="secret/one", split="test"),
    ]
    return train + held


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums this small only wait for each other on several threads."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
