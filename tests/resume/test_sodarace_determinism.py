"""The real pipeline: the same seed gives byte-identical elites, however it is run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "ulmus.cli.main"]
EVALUATIONS = "400"


def sodarace(folder: Path, workers: int, *more: str) -> list[str]:
    options = ["--evaluations", EVALUATIONS, "--seed", "3", "--workers", str(workers)]
    return [*COMMAND, "run", "sodarace", *options, *more, str(folder)]


def elites(folder: Path) -> str:
    command = [*COMMAND, "elites", str(folder), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sodarace") / "run"
    subprocess.run(sodarace(folder, 1, "--out"), check=True, capture_output=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_workers_and_processes_change_nothing(
    reference: Path, tmp_path: Path, workers: int
) -> None:
    folder = tmp_path / "run"
    subprocess.run(sodarace(folder, workers, "--out"), check=True, capture_output=True)
    assert elites(folder) == elites(reference)
    assert len(elites(folder).splitlines()) > 20


@pytest.mark.slow
def test_an_interrupted_run_changes_nothing(reference: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(sodarace(folder, 2, "--out"), stderr=subprocess.DEVNULL)
    while (
        not (folder / "run.sqlite").exists() or (folder / "run.sqlite-wal").stat().st_size < 200_000
    ):
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(sodarace(folder, 2, "--resume"), check=True, capture_output=True)
    assert elites(folder) == elites(reference)


@pytest.mark.slow
def test_verify_agrees_bit_for_bit(reference: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "verify", str(reference), "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["elites"] == len(elites(reference).splitlines())


def test_a_short_run_fills_cells_and_agrees_with_simulate(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [
        *COMMAND,
        "run",
        "--evaluations",
        "60",
        "--seed",
        "1",
        "--workers",
        "0",
        "--json",
        "--out",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["evaluations"] == 60
    assert result["cells"] >= 3
    best = max(
        (json.loads(line) for line in elites(folder).splitlines()),
        key=lambda elite: elite["fitness"],
    )
    (tmp_path / "best.py").write_text(best["source"])
    again = subprocess.run(
        [*COMMAND, "simulate", str(tmp_path / "best.py"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(again.stdout)
    assert figures["distance"] == best["fitness"] == result["best_fitness"]
    assert [figures[key] for key in ("height", "width", "mass")] == best["measures"]
