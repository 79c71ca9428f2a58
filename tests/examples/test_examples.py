"""Every example runs, is short, and is mentioned nowhere under another name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_examples_are_short_and_say_how_they_are_run(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= 60
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
