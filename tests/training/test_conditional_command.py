"""`ulmus train conditional`: what it prints, and how it names what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ulmus.cli.train import app
from ulmus.errors import ConfigError, ModelError


def fails(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, ["conditional", *arguments])
    assert result.exception is not None, result.output
    return result.exception


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    error = fails(str(tmp_path), "--out", str(tmp_path / "out"))
    assert isinstance(error, ConfigError)
    assert "ulmus[train]" in str(error)


def test_folders_and_terrains_are_checked_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    from toy_inventor import write_inventor

    inventor = str(write_inventor(tmp_path / "inventor"))
    new = ("--out", str(tmp_path / "new"))
    assert "--out is missing" in str(fails(inventor))
    assert "not empty" in str(fails(inventor, "--out", inventor))
    assert "no checkpoint" in str(fails(inventor, *new, "--resume"))
    error = fails(inventor, *new, "--terrains", "left_wall,tunel")
    assert isinstance(error, ConfigError)
    assert "Did you mean 'tunnel'" in str(error)
    assert "Known: bumpy" in str(error)
    assert "Known: codes, picture" in str(fails(inventor, *new, "--terrain-network", "image"))
    error = fails(str(tmp_path / "nothing"), *new)
    assert isinstance(error, ModelError)
    assert "ulmus.json" in str(error)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    error = fails(inventor, *new, "--tensorboard", str(tmp_path / "board"))
    assert str(error) == "--tensorboard needs the package tensorboard"
    assert not (tmp_path / "new").exists()


def scalars_of(folder: Path) -> list[tuple[str, int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return [
        (name, event.step, event.value)
        for name in events.Tags()["scalars"]
        for event in events.Scalars(name)
    ]


def test_a_training_prints_one_object(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    from toy_inventor import write_inventor

    inventor, out = write_inventor(tmp_path / "inventor"), tmp_path / "out"
    options = (
        "--terrains left_wall,right_wall --samples 4 --minibatches 2 --iterations 2 --judged 2 "
        "--workers 0 --threads 1 --json --tensorboard"
    )
    result = CliRunner().invoke(
        app,
        [
            "conditional",
            str(inventor),
            "--out",
            str(out),
            *options.split(),
            str(tmp_path / "board"),
        ],
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["iterations"] == 2
    # what an untaught toy writes is no walker
    assert told["after"]["mean"]["left_wall"] == {"left_wall": 0.0, "right_wall": 0.0}
    assert "iteration 2  left_wall 0.0" in result.stderr
    assert "no valid program" in result.stderr
    logged = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    assert len(logged) == 3
    scalars = scalars_of(tmp_path / "board")
    assert ("KL between terrains", 2, pytest.approx(logged[2]["terrain_kl"])) in scalars
    assert ("valid/left_wall", 1, 0.0) in scalars
    assert len(scalars) == 2 * (6 + 2 * 3)
