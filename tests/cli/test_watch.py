"""What is shown while a run goes on knows where the run will end."""

from __future__ import annotations

import pytest

from ulmus.cli.watch import Watcher
from ulmus.config import read_config
from ulmus.experiment import budget_of
from ulmus.search.archive import Archive
from ulmus.search.loop import Progress


@pytest.mark.parametrize(
    ("options", "goal"),
    [
        ({}, 0.5),
        ({"minutes": 2.0}, 0.25),
        ({"evaluations": 100}, 0.4),
        ({"evaluations": 100, "minutes": 0.75}, 2 / 3),
    ],
)
def test_the_goal_is_that_of_the_budget_also_of_the_default(
    options: dict[str, float], goal: float
) -> None:
    budget = budget_of(read_config(None, options))
    watcher = Watcher((), budget.evaluations, budget.seconds)
    progress = Progress(Archive(()), evaluations=40, elapsed_s=30.0)
    assert watcher._goal(progress) == pytest.approx(goal)
