"""Every example runs, is short, and is mentioned nowhere under another name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ulmus.records import Outcome, Status

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_examples_are_short_and_say_how_they_are_run(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= 65
    assert f"examples/{file.name}" in text


def test_ask_and_tell_runs() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "ask_and_tell.py"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[0]) > 50


def test_a_problem_of_your_own_runs_in_worker_processes(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "ulmus.cli.main", "run", f"{EXAMPLES / 'own_problem.py'}:Curves",
        "--operators", "syntax=1", "--evaluations", "300", "--workers", "2",
        "--out", str(tmp_path / "run"), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["cells"] > 5


def test_a_rule_that_ignores_its_arguments_evolves_beyond_the_best_fit(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "ulmus.cli.main", "run", f"{EXAMPLES / 'bin_packing.py'}:Packing",
        "--evaluations", "3000", "--workers", "1", "--out", str(tmp_path / "run"), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["best_fitness"] > 0.9441  # 0.9366 for 0.0, 0.9440 for -room


def test_the_packing_judges_whatever_comes() -> None:
    sys.path.insert(0, str(EXAMPLES))
    try:
        from bin_packing import ITEMS, Packing  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(EXAMPLES))
    own = list(range(len(ITEMS)))
    first = [0, *own[:-1]]
    for value in (None, 7, "x" * len(ITEMS), own[:-1], [[]] * len(ITEMS), [0] * len(ITEMS),
                  [-1, *own[1:]], [True, *own[1:]], [10**40, *own[1:]]):  # fmt: skip
        (judged,) = Packing().score([Outcome(Status.OK, value)])
        assert not judged.valid, value
    (error, good) = Packing().score([Outcome(Status.ERROR), Outcome(Status.OK, own)])
    assert not error.valid
    assert good.fitness == sum(ITEMS) / 150 / len(ITEMS)
    assert Packing().score([Outcome(Status.OK, first)])[0].valid is (ITEMS[0] + ITEMS[1] <= 150)
