"""The whole pipeline at its smallest: every stage for real, killed, gone on with, and reused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ulmus.cli.main import app
from ulmus.errors import ConfigError

COMMAND = [sys.executable, "-m", "ulmus", "pipeline", "sodarace"]
SMALL = (
    "evaluations=64", "tuned_evaluations=32", "batch_size=16", "tune_steps=1", "inventor_steps=10",
    "samples=16", "sample_new_attempts=2", "max_tokens=24", "ppo_samples=8", "ppo_judged=1", "ppo_seeds=1",
)  # fmt: skip


def command(out: Path, *more: str) -> list[str]:
    changes = [part for text in SMALL for part in ("--set", text)]
    return [*COMMAND, "--out", str(out), "--json", *changes, *more]


def killed_at(out: Path, sign: Path) -> None:
    """Follow a pipeline and kill it as soon as a file is there."""
    said = out.with_name("said")
    with said.open("w") as stream:
        process = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=stream)
    deadline = time.monotonic() + 240
    while not sign.exists():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, f"{sign} never came"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


def finished(out: Path, *more: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run(command(out, *more), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_twice_it_comes_to_its_end_and_then_there_is_nothing_to_do(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    out = tmp_path / "p"
    killed_at(out, out / "1-runs/cppn-fixed-1/run.sqlite")
    killed_at(out, out / "4-inventor.json")

    told, said = finished(out)
    assert "1-runs/square-1: there already" in said
    assert "4-inventor: going on" in said
    assert "anew" not in said
    assert all(stage["done"] for stage in told["stages"].values())
    assert [stage for stage in told["stages"] if stage[0] in "456"] == [
        "4-inventor", "5-samples", "6-conditional/seed-1",
    ]  # fmt: skip
    assert told["stages"]["1-runs/square-1"]["evaluations"] == 64
    assert told["stages"]["5-samples"]["samples"] == 16
    assert told["stages"]["6-conditional/seed-1"]["iterations"] == 2
    page = Path(told["report"]).read_text("ascii")
    assert '"folder":"6-conditional/seed-1","state":"done"' in page

    again, said = finished(out)
    assert again == told
    assert said.count("there already") == len(told["stages"])

    changed, said = finished(out, "--set", "ppo_iterations=1")
    assert said.count("anew") == 1
    assert changed["stages"]["6-conditional/seed-1"]["iterations"] == 1
    assert (out / "6-conditional/seed-1.old-1/samples.jsonl").is_file()


def fails(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, ["pipeline", *arguments])
    assert result.exception is not None, result.output
    return result.exception


def test_without_torch_the_extra_is_named_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    error = fails("sodarace", "--out", str(tmp_path / "p"))
    assert isinstance(error, ConfigError)
    assert "ulmus[train]" in str(error)
    assert not (tmp_path / "p").exists()


def test_what_makes_no_sense_is_named_before_the_first_run(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "p"))
    assert "Did you mean 'sodarace'" in str(fails("sodarce", *out))
    assert "Did you mean 'laptop'" in str(fails("sodarace", *out, "--preset", "labtop"))
    assert "unknown stage 'tune'" in str(fails("sodarace", *out, "--until", "tune"))
    runs = (*out, "--until", "runs")
    assert "squere" in str(fails("sodarace", *runs, "--set", 'seed_programs=["squere"]'))
    assert "syntaxx" in str(fails("sodarace", *runs, "--set", "operators={syntaxx=1.0}"))
    assert not (tmp_path / "p").exists()


def test_terrains_and_sizes_are_checked_as_well(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra ulmus[train]")
    out = ("sodarace", "--out", str(tmp_path / "p"))
    assert "Did you mean 'tunnel'" in str(fails(*out, "--set", 'terrains=["tunel"]'))
    assert "unknown size" in str(fails(*out, "--set", "inventor_size=4m"))
    assert "--samples" in str(fails(*out, "--set", "ppo_samples=1"))
    assert not (tmp_path / "p").exists()


def test_a_file_names_a_preset_and_changes_it_and_options_win(tmp_path: Path) -> None:
    file, out = tmp_path / "mine.toml", tmp_path / "p"
    file.write_text(
        'preset = "tiny"\nevaluations = 3\nbatch_size = 1\nseed_programs = ["square"]\n'
    )
    arguments = [str(file), "--out", str(out), "--until", "runs", "--workers", "0", "--json"]
    result = CliRunner().invoke(app, ["pipeline", *arguments, "--set", "evaluations=2"])
    assert result.exception is None, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert list(told["stages"]) == ["1-runs/square-1"]
    assert told["stages"]["1-runs/square-1"]["evaluations"] == 2
    assert told["report"] is None
    result = CliRunner().invoke(app, ["report", str(out), "--json"])
    assert result.exception is None, result.output
    assert '"not begun"' in (out / "report.html").read_text("ascii")
    file.write_text("evaluation = 3\n")
    assert "mine.toml: unknown key 'evaluation'" in str(fails(str(file)))
