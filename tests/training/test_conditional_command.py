"""`ulmus train conditional`: what it prints, and how it names what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

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


class Scalars:
    """Stands for TensorBoard's writer; the package need not be there."""

    def __init__(self, folder: str) -> None:
        self.file = Path(folder)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([name, value, step]) + "\n")


def test_a_training_prints_one_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    from toy_inventor import write_inventor

    inventor, out = write_inventor(tmp_path / "inventor"), tmp_path / "out"
    options = (
        "--terrains left_wall,right_wall --samples 4 --minibatches 2 --iterations 2 --judged 2 "
        "--workers 0 --threads 1 --json --tensorboard"
    )
    tensorboard = ModuleType("torch.utils.tensorboard")
    tensorboard.SummaryWriter = Scalars  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", tensorboard)
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
    scalars = [json.loads(line) for line in (tmp_path / "board").read_text("utf-8").splitlines()]
    assert ["KL between terrains", logged[2]["terrain_kl"], 2] in scalars
    assert ["valid/left_wall", 0.0, 1] in scalars
    assert len(scalars) == 2 * (6 + 2 * 3)
