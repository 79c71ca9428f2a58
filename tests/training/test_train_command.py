"""`ulmus train diff`: what it prints, and how it names what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ulmus.cli.train import app
from ulmus.errors import ConfigError, DataFormatError, RunNotFoundError, TrainingError
from ulmus.mining.sample import Sample, write_edits
from ulmus.models.shelf import knows_effects


def fails(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, ["diff", *arguments])
    assert result.exception is not None, result.output
    return result.exception


@pytest.fixture
def data(edits: list[Sample], tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_edits(folder / "edits.jsonl.gz", edits)
    return folder


def test_without_torch_the_extra_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    error = fails(str(data), "--out", str(tmp_path / "out"), "--steps", "1")
    assert isinstance(error, ConfigError)
    assert "ulmus[train]" in str(error)


def test_the_command_line_starts_without_torch() -> None:
    code = "import sys, ulmus.cli.main; print([m for m in sys.modules if m in ('torch', 'tokenizers')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_data_file_that_is_cut_off_is_named(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    file = data / "edits.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-40])
    error = fails(str(data), "--out", str(tmp_path / "out"), "--steps", "1")
    assert isinstance(error, DataFormatError)
    assert "edits.jsonl.gz" in str(error)


def test_foreign_data_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    file = tmp_path / "other.jsonl.gz"
    file.write_text("hello", "utf-8")
    out = ("--out", str(tmp_path / "out"), "--steps", "1")
    assert isinstance(fails(str(file), *out), DataFormatError)
    assert isinstance(fails("--runs", str(tmp_path), *out), RunNotFoundError)


def test_the_folder_is_checked_before_the_work(data: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thing").touch()
    error = fails(str(data), "--out", str(full), "--steps", "1")
    assert isinstance(error, TrainingError)
    assert "not empty (it holds thing)" in str(error)
    error = fails(str(data), "--out", str(tmp_path / "new"), "--resume", "--steps", "1")
    assert "no checkpoint" in str(error)
    assert "--out is missing" in str(fails(str(data)))


def test_a_training_without_data_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    assert "nothing to train on" in str(fails("--out", str(tmp_path / "new"), "--steps", "1"))


def test_a_training_prints_one_object(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    options = "--size tiny --vocabulary 400 --steps 2 --tokens-per-step 100 --held-out 2 --json"
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["diff", str(data), "--out", str(out), *options.split()])
    assert result.exception is None, result.output
    last = json.loads(result.stdout.strip().splitlines()[-1])
    assert last["model"] == str(out)
    assert last["steps"] == 2
    assert last["held_out"]["all"] > 0
    assert "loss" in result.stderr
    assert (out / "model.safetensors").is_file()


def test_a_base_says_whether_it_was_told_what_edits_do(tmp_path: Path) -> None:
    (tmp_path / "ulmus.json").write_text('{"effects": {}}', "utf-8")
    assert not knows_effects(str(tmp_path))
    assert knows_effects("walker-3m")
    assert not knows_effects("none")
