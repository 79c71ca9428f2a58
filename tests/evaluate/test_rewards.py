"""Scores of programs on several terrains, from one executor."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from ulmus import rewards
from ulmus.catalogue import make_problem, make_sandbox
from ulmus.errors import ConfigError
from ulmus.evaluate import evaluate_chunk
from ulmus.problems.sodarace.programs import read_seed
from ulmus.workers import InlineExecutor

RUNNER = """
from walk_creator import walker_creator

def make_walker():
    wc = walker_creator()
    a, b, c = wc.add_joint(0, 1.7), wc.add_joint(5.4, 0), wc.add_joint(4.8, 5.6)
    wc.add_muscle(a, b, False, -0.93, 0.96)
    wc.add_muscle(a, c, False, -0.45, 0.93)
    wc.add_muscle(b, c, False, -0.26, 0.41)
    return wc.get_walker()
"""
OPTIONS = {"seconds": 10.0}
TERRAINS = ("left_wall", "right_wall")


class Counting(InlineExecutor):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.sources += args[2]
        return super().submit(function, *args, **kwargs)


def alone(source: str, terrain: str) -> float | None:
    problem = make_problem("sodarace", {**OPTIONS, "terrain": terrain})
    return evaluate_chunk(problem, make_sandbox("wasm"), [source]).evaluations[0].fitness


def test_each_program_is_judged_on_its_terrain_and_failures_are_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = Counting()

    def executor(workers: int, files: Sequence[str]) -> Counting:
        return counting

    monkeypatch.setattr(rewards, "local_executor", executor)
    square, bad, broken = read_seed("square"), "def make_walker(:", "make_walker = lambda: 1 / 0"
    pairs = [
        (RUNNER, "right_wall"), (bad, "left_wall"), (RUNNER, "left_wall"), (square, "right_wall"),
        (RUNNER, "right_wall"), (broken, "right_wall"),
    ]  # fmt: skip
    with rewards.TerrainScores("sodarace", OPTIONS, TERRAINS) as scores:
        found = scores(pairs)
        assert scores([]) == []
    assert found[1] is None
    assert found[5] is None
    assert found[0] == found[4] == alone(RUNNER, "right_wall")
    assert found[2] == alone(RUNNER, "left_wall")
    assert found[3] == alone(square, "right_wall")
    assert found[0] != found[2]
    assert sorted(counting.sources) == sorted([bad, broken, square, RUNNER, RUNNER])


def test_an_unknown_terrain_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"left_wal.*Did you mean 'left_wall'.*tunnel"):
        rewards.TerrainScores("sodarace", {}, ("flat", "left_wal"))
    with pytest.raises(ConfigError, match="option of problem parity"):
        rewards.TerrainScores("parity", {}, ("flat",))
