"""Shares that adapt, over a resume: a fold over the log, and part of what a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ulmus import experiment as root
from ulmus.cli.run import parse_operators
from ulmus.config import read_config
from ulmus.errors import RunMismatchError
from ulmus.runs.log import RunLog
from ulmus.runs.views import EliteView, elites
from ulmus.search.loop import Progress

TOYS = Path(__file__).parents[1] / "support" / "toys.py"
TOLD: dict[str, Any] = {
    "problem": f"{TOYS}:ToyProblem",
    "operators": parse_operators(f"{TOYS}:ToyOperator=0.5,{TOYS}:FarToyOperator=0.5"),
    "sandbox": f"{TOYS}:ToySandbox",
    "seed": 5,
    "batch_size": 16,
    "workers": 0,
}


def run(folder: Path, evaluations: int, *, resume: bool = False, **more: Any) -> Progress:
    told = {"evaluations": evaluations, **more}
    if resume:
        experiment, log = root.resume(folder, None, told)
    else:
        experiment, log = root.start(read_config(None, {**TOLD, **told}), folder)
    with log:
        return root.run(experiment, log)


def champions(folder: Path) -> list[EliteView]:
    with RunLog.open_read_only(folder) as log:
        return elites(log)


def test_a_run_that_is_cut_and_resumed_adapts_as_one_that_was_not(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    shares = run(whole, 800, adapt=True).shares
    assert shares["toy-move"] > 0.51
    run(parts, 237, adapt=True)
    run(parts, 390, resume=True)
    assert run(parts, 800, resume=True, adapt=True).shares == shares
    assert champions(parts) == champions(whole)
    assert run(parts, 800, resume=True).shares == shares  # nothing left to do


def test_adapting_is_part_of_what_a_run_is(tmp_path):
    adapting, fixed = tmp_path / "adapting", tmp_path / "fixed"
    run(adapting, 100, adapt=True)
    assert run(fixed, 100).shares == {}
    with pytest.raises(RunMismatchError, match=r"shares: the run has 'adapt/1', now None"):
        run(adapting, 200, resume=True, adapt=False)
    with pytest.raises(RunMismatchError, match=r"shares: the run has None, now 'adapt/1'"):
        run(fixed, 200, resume=True, adapt=True)
    with RunLog.open_read_only(fixed) as log:
        assert "shares" not in log.manifest["identity"]
    assert run(fixed, 200, resume=True, adapt=False).evaluations == 200
