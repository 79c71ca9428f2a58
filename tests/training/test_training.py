"""A training from start to folder: resume, faults on the way, and who can load the result."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import numpy as np
import torch
from safetensors.torch import load_file
from trainings import same, stop_after, weights

from ulmus.errors import ConfigError, TrainingError
from ulmus.mining.sample import Sample, write_edits
from ulmus.models.local import LocalModel
from ulmus.records import Prompt, Sampling
from ulmus.training import checkpoints
from ulmus.training.course import rate_at
from ulmus.training.diff_model import Settings, split, train

TINY = Settings(size="tiny", vocabulary=400, steps=4, tokens_per_step=150, held_out=4, rate=1e-2)


@contextmanager
def small_disk(room: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_two_steps_lower_the_loss_and_write_a_folder(edits: list[Sample], tmp_path: Path) -> None:
    losses: list[float] = []
    settings = replace(TINY, steps=40)
    result = train(
        {"commits": edits}, settings, tmp_path, observe=lambda report: losses.append(report.loss)
    )
    assert result is not None
    assert len(losses) == 40
    assert losses[-1] < 0.75 * losses[0]
    assert set(result.held_out) == {
        "all", "unseen repositories", "other/one", "owner/name", "commits of 2025"
    }  # fmt: skip
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "| MIT | 24 |" in card
    assert "owner/name" in card
    assert "secret/one" not in card
    assert json.loads((tmp_path / "ulmus.json").read_text("utf-8")) == {
        "style": "special", "form": "numbered", "max_prompt_tokens": 768, "max_edit_tokens": 192
    }  # fmt: skip


@pytest.mark.slow  # the import alone takes seconds
def test_the_folder_loads_in_transformers_and_in_the_embedded_runtime(
    edits: list[Sample], tmp_path: Path
) -> None:
    transformers = pytest.importorskip("transformers", reason="training needs ulmus[train]")
    train({"commits": edits}, replace(TINY, steps=20), tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    layout = TINY.layout
    text = layout.prompt(edits[0].before, edits[0].message, "tool.py")
    tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
    answer = model.generate(
        tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=20,
        pad_token_id=0,
    )[0, tokens.shape[1] :]  # fmt: skip
    greedy = tokenizer.decode(answer, skip_special_tokens=True)
    local = LocalModel(tmp_path)
    (ours,) = local.complete([Prompt(text)], Sampling(0.0, 1.0, 20, layout.stop))
    assert ours.error is None
    assert ours.text == greedy
    assert local.settings["form"] == "numbered"


def test_a_stopped_training_goes_on_to_the_same_weights(
    edits: list[Sample], tmp_path: Path
) -> None:
    settings = replace(TINY, rename=True, prompt_weight=0.1)
    samples = {"commits": edits, "runs": edits[:8]}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(samples, settings, whole)
    observe, stop = stop_after(2)
    assert train(samples, settings, parts, observe=observe, stop=stop) is None
    assert not same(weights(whole), weights(parts))
    train(samples, settings, parts, resume=True)
    assert same(weights(whole), weights(parts))
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(edits: list[Sample], tmp_path: Path) -> None:
    write_edits(tmp_path / "edits.jsonl.gz", edits)
    settings = replace(TINY, steps=60, save_every_s=0)
    train({"commits": edits}, replace(settings, rate=None), tmp_path / "whole")
    options = "--size tiny --vocabulary 400 --steps 60 --tokens-per-step 150 --held-out 4"
    command = [
        sys.executable, "-m", "ulmus", "train", "diff", str(tmp_path / "edits.jsonl.gz"),
        *options.split(), "--save-every", "0", "--out", str(tmp_path / "parts"),
    ]  # fmt: skip
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and child.poll() is None:
        place = checkpoints.newest(tmp_path / "parts")
        if place is not None and int(place.name[5:]) >= 10:
            break
        time.sleep(0.005)
    assert child.poll() is None, "the training ended before it was killed"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "parts/model.safetensors").exists()
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_a_resume_with_other_data_or_options_is_refused(
    edits: list[Sample], tmp_path: Path
) -> None:
    observe, stop = stop_after(1)
    train({"commits": edits}, TINY, tmp_path, observe=observe, stop=stop)
    with pytest.raises(TrainingError, match="rename = False, now it is True"):
        train({"commits": edits}, replace(TINY, rename=True), tmp_path, resume=True)
    with pytest.raises(TrainingError, match="edits in commits = 24, now it is 5"):
        train({"commits": edits[:5]}, TINY, tmp_path, resume=True)


def test_a_resume_without_a_checkpoint_is_refused(edits: list[Sample], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint"):
        train({"commits": edits}, TINY, tmp_path, resume=True)


def test_a_damaged_checkpoint_is_named(edits: list[Sample], tmp_path: Path) -> None:
    observe, stop = stop_after(1)
    train({"commits": edits}, TINY, tmp_path, observe=observe, stop=stop)
    place = checkpoints.newest(tmp_path)
    assert place is not None
    file = place / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(TrainingError, match="step-00000001 cannot be read"):
        train({"commits": edits}, TINY, tmp_path, resume=True)


def test_a_full_disk_leaves_the_checkpoint_before(edits: list[Sample], tmp_path: Path) -> None:
    observe, stop = stop_after(1)
    train({"commits": edits}, TINY, tmp_path, observe=observe, stop=stop)
    before = weights(tmp_path)
    with small_disk(30_000), pytest.raises(TrainingError, match=r"the last one is .*step-00000001"):
        train({"commits": edits}, replace(TINY, save_every_s=0), tmp_path, resume=True)
    assert same(before, weights(tmp_path))
    assert [place.name for place in (tmp_path / "checkpoints").iterdir()] == ["step-00000001"]
    train({"commits": edits}, TINY, tmp_path, resume=True)


def test_a_loss_that_is_no_number_ends_the_training_and_names_the_last_good_checkpoint(
    edits: list[Sample], tmp_path: Path
) -> None:
    observe, stop = stop_after(2)
    train({"commits": edits}, TINY, tmp_path, observe=observe, stop=stop)
    place = checkpoints.newest(tmp_path)
    assert place is not None
    kept = checkpoints.load(place)
    broken = {name: value.clone() for name, value in kept.weights.items()}
    broken["model.norm.weight"][0] = float("nan")
    checkpoints.save(tmp_path, replace(kept, weights=broken))
    with pytest.raises(TrainingError, match=r"after step 2 .* last good checkpoint is .*step-0"):
        train({"commits": edits}, TINY, tmp_path, resume=True)


def test_weights_that_are_no_numbers_are_not_kept(edits: list[Sample], tmp_path: Path) -> None:
    settings = replace(TINY, rate=1e38, save_every_s=0)
    with pytest.raises(TrainingError, match="no finite number"):
        train({"commits": edits}, settings, tmp_path)
    if checkpoints.newest(tmp_path) is not None:
        assert all(bool(value.isfinite().all()) for value in weights(tmp_path).values())


def test_a_folder_of_ours_is_a_base(edits: list[Sample], tmp_path: Path) -> None:
    train({"commits": edits}, TINY, tmp_path / "first")
    settings = replace(TINY, base=str(tmp_path / "first"), rate=1e-9, steps=1)
    train({"commits": edits}, settings, tmp_path / "second")
    first, second = (load_file(tmp_path / n / "model.safetensors") for n in ("first", "second"))
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[k].float(), second[k].float(), atol=1e-3) for k in first)
    assert (tmp_path / "first/tokenizer.json").read_bytes() == (
        tmp_path / "second/tokenizer.json"
    ).read_bytes()


def test_a_card_names_the_folder_of_the_base_and_not_where_it_lay(
    edits: list[Sample], tmp_path: Path
) -> None:
    train({"commits": edits}, replace(TINY, steps=1), tmp_path / "first")
    told = replace(TINY, steps=1, base=str(tmp_path / "first"))
    train({"commits": edits}, told, tmp_path / "second")
    card = (tmp_path / "second" / "README.md").read_text("utf-8")
    assert "| base | first |" in card
    assert str(tmp_path) not in card


def test_a_base_whose_vocabulary_does_not_fit_is_refused(
    edits: list[Sample], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    train({"commits": edits}, TINY, base)
    text = (base / "tokenizer.json").read_text("utf-8")
    (base / "tokenizer.json").write_text(text.replace("<file_sep>", "<fim_pad>"), "utf-8")
    with pytest.raises(TrainingError, match="does not know <file_sep> as single tokens"):
        train({"commits": edits}, replace(TINY, base=str(base)), tmp_path / "out")
    other = train({"commits": edits}, replace(TINY, vocabulary=300), tmp_path / "other")
    assert other is not None
    (base / "tokenizer.json").write_text(text, "utf-8")
    for name in ("config.json", "model.safetensors"):
        (base / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(TrainingError, match="do not belong together"):
        train({"commits": edits}, replace(TINY, base=str(base)), tmp_path / "out")


def test_a_base_that_is_damaged_is_named(edits: list[Sample], tmp_path: Path) -> None:
    base = tmp_path / "base"
    train({"commits": edits}, TINY, base)
    file = base / "model.safetensors"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(TrainingError, match="does not hold the weights"):
        train({"commits": edits}, replace(TINY, base=str(base)), tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": None}, "needs an end"),
        ({"lora": 4}, "needs a --base"),
        ({"base": "x", "lora": 4, "full": True}, "exclude each other"),
        ({"prompt_weight": 2.0}, "--prompt-weight"),
        ({"form": "unknown"}, "form"),
        ({"precision": "float16"}, "unknown precision"),
        ({"minutes": -1.0}, "--minutes must be above 0; got -1"),
        ({"rate": math.nan}, "--rate must be above 0; got nan"),
        ({"tokens_per_step": 0}, "--tokens-per-step must be at least 1"),
        ({"recall": 1.0}, "--recall must be in 0 to 1, 1 left out; got 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ConfigError, match=words):
        replace(TINY, **changes).layout  # noqa: B018


def test_unknown_sizes_and_sources_are_named(edits: list[Sample], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown size '3n'.*Did you mean '3m'"):
        train({"commits": edits}, replace(TINY, size="3n"), tmp_path)
    with pytest.raises(ConfigError, match="--mix speaks of runs"):
        train({"commits": edits}, replace(TINY, shares=(("runs", 1.0),)), tmp_path)
    with pytest.raises(TrainingError, match="nothing to train on"):
        train({"commits": []}, TINY, tmp_path)


def test_recent_commits_and_the_test_split_are_not_trained_on(edits: list[Sample]) -> None:
    training, held = split(edits)
    assert {sample.family for sample in training} == {"f"}
    assert [sample.family for sample in held] == ["g", "f"]


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(x, 1.0, 0.1) for x in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.02)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.05)
    assert all(b <= a for a, b in pairwise(rates[10:]))
