"""The way through accelerate, which GPUs take, does the same as the plain one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("accelerate", reason="training needs the extra ulmus[train]")

import torch

from ulmus.errors import TrainingError
from ulmus.mining.sample import Sample
from ulmus.training import checkpoints, machine
from ulmus.training.batches import in_batches
from ulmus.training.diff_model import Settings, train
from ulmus.training.rows import Row

TINY = Settings(size="tiny", vocabulary=400, steps=3, tokens_per_step=150, held_out=4, rate=1e-2)


@pytest.mark.slow  # the import alone takes seconds
def test_accelerate_trains_the_same_weights(
    edits: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerance = 0.05 if torch.cuda.is_available() else 1e-6  # bfloat16, float32
    train({"commits": edits}, TINY, tmp_path / "plain")
    monkeypatch.setattr(machine, "machine", machine.Accelerated)
    train({"commits": edits}, TINY, tmp_path / "third")
    places = [checkpoints.newest(tmp_path / name) for name in ("plain", "third")]
    plain, third = (checkpoints.load(place).weights for place in places if place)
    for name, value in plain.items():
        assert torch.allclose(value, third[name], atol=tolerance), name


def test_a_gpu_gets_rows_of_one_length_together() -> None:
    rows = [Row([1] * n, [], [], [], [], []) for n in (3000, 40, 20_000, 2990, 41)]
    batches = in_batches(rows, torch.device("cuda"))
    assert [[len(row.tokens) for row in batch] for batch in batches] == [
        [20_000], [3000, 2990, 41, 40]
    ]  # fmt: skip
    assert all(len(batch) == 1 for batch in in_batches(rows, torch.device("cpu")))


def test_bfloat16_trains_nearly_the_same_weights(edits: list[Sample], tmp_path: Path) -> None:
    for precision in ("float32", "bfloat16"):
        settings = replace(TINY, precision=precision, rate=1e-3)  # type: ignore[arg-type]
        train({"commits": edits}, settings, tmp_path / precision)
    places = [checkpoints.newest(tmp_path / name) for name in ("float32", "bfloat16")]
    plain, short = (checkpoints.load(place).weights for place in places if place)
    assert all(torch.allclose(value, short[name], atol=0.02) for name, value in plain.items())
    assert any(not torch.equal(value, short[name]) for name, value in plain.items())


def test_only_large_networks_on_matrix_units_are_multiplied_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu = machine.Cpu()
    monkeypatch.setattr(machine, "has_matrix_units", lambda: True)
    assert [cpu.precision(n) for n in (3_000_000, 30_000_000)] == ["float32", "bfloat16"]
    monkeypatch.setattr(machine, "has_matrix_units", lambda: False)
    assert cpu.precision(30_000_000) == "float32"


def test_the_precision_is_kept_for_a_resume(edits: list[Sample], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    train({"commits": edits}, TINY, folder)
    longer = replace(TINY, precision="bfloat16", steps=4)
    with pytest.raises(TrainingError, match="precision = 'float32', now it is 'bfloat16'"):
        train({"commits": edits}, longer, folder, resume=True)
