"""A model learns from what a run accepted: once, and again and again while the run goes on."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from ulmus import experiment as root
from ulmus.cli.main import main
from ulmus.config import read_config
from ulmus.errors import RunFormatError, RunMismatchError, TrainingError
from ulmus.runs.log import RunLog
from ulmus.runs.views import elites

pytest.importorskip("torch", reason="the extra `train` is not installed")

BUDGET = {"workers": 0, "batch_size": 20, "seed": 5}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A run that accepted some edits."""
    folder = tmp_path_factory.mktemp("runs") / "teacher"
    told = {**BUDGET, "operators": {"syntax": 1.0}, "evaluations": 120}
    experiment, log = root.start(read_config(None, told), folder)
    with log:
        root.run(experiment, log)
    return folder


@pytest.fixture(scope="module")
def model(teacher, tmp_path_factory):
    """A network that is far too small to be good, in a real model folder."""
    from ulmus.training.accepted import edits_of_runs
    from ulmus.training.diff_model import Settings, train

    folder = tmp_path_factory.mktemp("models") / "tiny"
    settings = Settings(size="tiny", vocabulary=300, steps=2, max_prompt_tokens=2000, held_out=0)
    train({"runs": edits_of_runs([teacher])}, settings, folder)
    return folder


def tuned_run(folder: Path, model: Path, evaluations: int, *, resume: bool = False):
    from ulmus.tuning import run_tuned

    diff = {"model": str(model), "max_tokens": 12, "siblings": 4}
    told = {**BUDGET, "operators": {"syntax": 0.7, "diff": 0.3}, "diff": diff}
    told |= {"tune_every": 50, "tune_steps": 1, "evaluations": evaluations}
    opened = (
        root.resume(folder, None, {"evaluations": evaluations})
        if resume
        else root.start(read_config(None, told), folder)
    )
    experiment, log = opened
    with log:
        return run_tuned(experiment, log)


def found(folder: Path):
    with RunLog.open_read_only(folder) as log:
        return [(e.cell, e.source, e.step.fitness) for e in elites(log)], log.manifest["tuned"]


@pytest.mark.slow
def test_a_run_tunes_its_model_as_it_goes_and_a_resumed_run_goes_on_with_it(model, tmp_path):
    progress = tuned_run(tmp_path / "whole", model, 120)
    assert progress.evaluations == 120
    whole, tuned = found(tmp_path / "whole")
    assert [entry["evaluations"] for entry in tuned] == [50, 100]
    names = [entry["model"] for entry in tuned]
    assert (
        len({(tmp_path / "whole" / name / "model.safetensors").read_bytes() for name in names}) == 2
    )

    tuned_run(tmp_path / "cut", model, 70)
    progress = tuned_run(tmp_path / "cut", model, 120, resume=True)
    assert progress.evaluations == 120
    assert found(tmp_path / "cut") == (whole, tuned)
    for name in names:
        weights = [tmp_path / run / name / "model.safetensors" for run in ("whole", "cut")]
        assert weights[0].read_bytes() == weights[1].read_bytes()

    shutil.rmtree(tmp_path / "cut" / names[1])
    with pytest.raises(RunFormatError, match="tuned-2"):
        tuned_run(tmp_path / "cut", model, 140, resume=True)


def test_tuning_is_part_of_what_a_run_is(teacher):
    with pytest.raises(RunMismatchError, match="tuning"):
        root.resume(teacher, None, {"tune_every": 50, "evaluations": 200})


def test_a_round_learns_and_is_judged_before_and_after(teacher, model, tmp_path):
    from ulmus.tuning import Round, tune

    config = read_config(None, {**BUDGET, "evaluations": 8, "diff": {"max_tokens": 8}})
    result = tune(
        [teacher],
        str(model),
        tmp_path / "out",
        training=Round(steps=2),
        config=config,
        num_judged=2,
        search_seeds=[1],
    )
    assert result is not None
    assert result.num_edits > 10
    assert set(result.quality) == set(result.searches) == {"before", "after"}
    assert result.searches["after"][0].evaluations == 7  # without the seed program
    assert json.loads(json.dumps(result.to_json()))["edits"] == result.num_edits
    before = (model / "model.safetensors").read_bytes()
    assert (tmp_path / "out" / "model.safetensors").read_bytes() != before


def test_the_command_says_that_there_was_nothing_to_compare(
    teacher, model, tmp_path, monkeypatch, capsys
):
    told = ["--model", str(model), "--out", str(tmp_path / "tuned"), "--steps", "1"]
    monkeypatch.setattr(sys, "argv", ["ulmus", "tune", str(teacher), *told, "--judged", "0"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "accepted edits" in said
    assert "not compared: no held-out edits were judged" in said
    assert "before" not in said.splitlines()[-1]


def test_nothing_accepted_is_nothing_to_learn(model, tmp_path):
    from ulmus.tuning import Round, tune

    told = {**BUDGET, "operators": {"syntax": 1.0}, "evaluations": 1}
    experiment, log = root.start(read_config(None, told), tmp_path / "idle")
    with log:
        root.run(experiment, log)
    with pytest.raises(TrainingError, match="nothing to learn"):
        tune(
            [tmp_path / "idle"],
            str(model),
            tmp_path / "out",
            training=Round(steps=1),
            config=experiment.config,
        )


def test_a_stopped_tuning_goes_on_to_the_same_weights(teacher, model, tmp_path):
    from ulmus.tuning import Round, tune

    def weights(folder: Path) -> bytes:
        return (folder / "model.safetensors").read_bytes()

    told = {"training": Round(steps=3), "config": read_config(None, BUDGET), "num_judged": 0}
    assert tune([teacher], str(model), tmp_path / "whole", **told) is not None
    assert tune([teacher], str(model), tmp_path / "cut", stop=lambda: True, **told) is None
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    assert tune([teacher], str(model), tmp_path / "cut", resume=True, **told) is not None
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole") != weights(model)
