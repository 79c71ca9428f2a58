"""The inventor: packing that changes nothing, resume to the same weights, and what it writes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from trainings import same, stop_after, weights
from typer.testing import CliRunner

from ulmus.cli.train import app
from ulmus.errors import ConfigError, DataFormatError, TrainingError, UlmusError
from ulmus.models.local import LocalModel
from ulmus.records import Measure, Prompt, Sampling, program_hash
from ulmus.training import checkpoints, inventor
from ulmus.training.batches import RowLoss, side_by_side
from ulmus.training.dataset import Dataset, Facts, Row, read_dataset, write_dataset
from ulmus.training.inventor import Settings, train
from ulmus.training.loop import Report
from ulmus.training.networks import Llama, shape_named
from ulmus.training.rows import packed
from ulmus.training.texts import TextLessons, common_lines, encode, packed_texts
from ulmus.training.tokenizer import END, train_tokenizer

CPU = torch.device("cpu")
HEAD = "from walk_creator import walker_creator\n\n"
TINY = Settings(
    size="tiny", vocabulary=400, steps=6, tokens_per_step=150, context=128, rate=1e-2, readings=2
)


def program(number: int) -> str:
    """A short program that no other number has."""
    rng = random.Random(number)
    lines = [f"    wc.add_joint({rng.randrange(50)}, {number})" for _ in range(1 + number % 3)]
    return "\n".join([HEAD + "def make_walker():", "    wc = walker_creator()", *lines, ""])


def row(number: int) -> Row:
    text = program(number)
    return Row(text, text, program_hash(text), float(number), {"width": 1.0}, 0, "a", number, "a/1")


@pytest.fixture
def dataset() -> Dataset:
    train, test = range(20), range(20, 24)
    facts = Facts(
        "sodarace", {}, "toy", (Measure("width", "u", 0.0, 1.0, 4),), 80.0, "none", 0, (), {},
        {"train": len(train), "test": len(test)},
    )  # fmt: skip
    return Dataset(facts, tuple(map(row, train)), tuple(map(row, test)))


def write(dataset: Dataset, folder: Path) -> Path:
    rows = {split: len(dataset.rows(split)) for split in ("train", "test")}
    write_dataset(replace(dataset, facts=replace(dataset.facts, rows=rows)), folder)
    return folder


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────


def encoded(texts: list[str]) -> tuple[list[list[int]], int]:
    tokenizer = train_tokenizer(texts, 400, numbered=False)
    return [list(x) for x in encode(texts, tokenizer, 1000).texts], tokenizer.get_vocab_size()


def test_packed_texts_have_the_loss_and_the_gradient_of_the_texts_one_by_one() -> None:
    texts, vocabulary = encoded([program(number) for number in range(7)])
    net = Llama(shape_named("tiny", vocabulary), seed=3)

    def plainly(text: list[int]) -> torch.Tensor:
        """The loss without rows or parts: one text from left to right."""
        tokens = torch.tensor([text[:-1]])
        place = torch.arange(len(text) - 1)[None]
        logits = net.logits(net.hidden(tokens, place, torch.zeros_like(tokens)))[0]
        return torch.nn.functional.cross_entropy(logits, torch.tensor(text[1:]), reduction="sum")

    def gradient(loss: torch.Tensor) -> tuple[float, torch.Tensor]:
        net.zero_grad()
        loss.backward()
        return loss.item(), torch.cat([w.grad.flatten() for w in net.parameters()])  # type: ignore[union-attr]

    judged = RowLoss(net)
    rows = packed_texts(texts, 128)
    assert 1 < len(rows) < len(texts)
    loss, slope = gradient(sum(judged(*side_by_side([row], 1.0, CPU).parts_of()) for row in rows))
    alone, slope_alone = gradient(sum(map(plainly, texts)))  # type: ignore[arg-type]
    assert loss == pytest.approx(alone, rel=1e-5)
    assert torch.allclose(slope, slope_alone, atol=1e-4, rtol=1e-3)
    with torch.no_grad():  # many rows: with the mask
        masked = float(judged(*side_by_side(rows, 1.0, CPU).parts_of()))
    assert masked == pytest.approx(alone, rel=1e-5)


def test_packed_texts_do_not_see_each_other() -> None:
    texts, vocabulary = encoded([program(number) for number in range(3)])
    net = Llama(shape_named("tiny", vocabulary), seed=3)

    def units(texts: list[list[int]]) -> torch.Tensor:
        (row,) = [packed([(text[:1], text[1:], 1.0) for text in texts])]
        batch = side_by_side([row], 1.0, CPU)
        return net.hidden(batch.tokens, batch.positions, batch.parts)[0, -len(texts[-1]) + 1 :]

    assert torch.allclose(units(texts), units(texts[2:]), atol=1e-5)
    other = [[*texts[0][:5], *reversed(texts[0][5:])], *texts[1:]]
    assert torch.allclose(units(texts), units(other), atol=1e-5)


def test_rows_keep_to_their_room_and_lose_nothing() -> None:
    texts = [[n] * (2 + n % 37) for n in range(1, 100)]
    rows = packed_texts(texts, 64)
    assert all(len(row.tokens) <= 64 for row in rows)
    assert sum(len(row.targets) for row in rows) == sum(len(text) - 1 for text in texts)
    assert sum(len(row.tokens) for row in rows) > 0.9 * 64 * len(rows)


def test_each_epoch_gives_every_text_once_and_ends() -> None:
    texts = [[n, n, n] for n in range(10)]
    lessons = TextLessons(texts, 8, seed=1, epochs=2)
    orders = []
    for _ in range(2):
        given: list[int] = []
        while len(given) < 10:
            given += [
                row.tokens[k] for row in lessons.rows(4, 0.0) for k in range(0, len(row.tokens), 2)
            ]
        orders.append(given)
    assert lessons.share_given == 1.0
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]


def test_a_balanced_order_gives_each_cell_as_often_and_goes_on_from_a_place() -> None:
    texts = [[n, n, n] for n in range(12)]
    cells = [0] * 6 + [1] * 3 + [2, 2, 3]

    def given(lessons: TextLessons, count: int) -> list[int]:
        return [lessons.rows(1, 0.0)[0].tokens[0] for _ in range(count)]

    lessons = TextLessons(texts, 8, seed=1, groups=cells)
    epochs = [given(lessons, 12) for _ in range(40)]
    for epoch in epochs:
        assert Counter(cells[n] for n in epoch) == {0: 3, 1: 3, 2: 3, 3: 3}
    counts = Counter(n for epoch in epochs for n in epoch)
    assert all(12 <= counts[n] <= 28 for n in range(6))  # 20 each
    assert all(counts[n] == 40 for n in range(6, 9))
    assert all(52 <= counts[n] <= 68 for n in range(9, 11))  # 60 each
    assert counts[11] == 120
    assert len({tuple(epoch) for epoch in epochs}) == 40
    other = TextLessons(texts, 8, seed=1, groups=cells)
    given(other, 17)
    resumed = TextLessons(texts, 8, seed=1, groups=cells)
    resumed.place = other.place
    assert given(resumed, 20) == given(other, 20)


def test_cells_are_those_of_the_programs_that_are_kept(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Sequence[int] | None] = []
    taken = inventor.TextLessons

    def lessons(*given: Any) -> TextLessons:
        seen.append(given[4])
        return taken(*given)

    monkeypatch.setattr(inventor, "TextLessons", lessons)
    rows = [replace(row, cell=n) for n, row in enumerate(dataset.train)]
    rows[3] = replace(rows[3], text="")
    some = replace(dataset, train=rows)
    for balanced in (True, False):
        settings = replace(TINY, steps=1, balanced=balanced)
        assert train(some, settings, tmp_path / str(balanced))
    assert seen == [[n for n in range(len(rows)) if n != 3], None]


def test_what_is_too_long_or_holds_the_end_is_left_out_and_counted() -> None:
    tokenizer = train_tokenizer([program(1)], 400, numbered=False)
    found = encode([program(1), "x = 1\n" * 100, f"'{END}'", ""], tokenizer, 100)
    assert len(found.texts) == 1
    assert found.places == [0]
    assert found.left_out == {"longer than 100 tokens": 1, f"holds {END}": 1, "empty": 1}


def test_common_lines_are_those_of_nearly_all() -> None:
    texts = [program(number) for number in range(200)]
    tokenizer = train_tokenizer(texts, 400, numbered=False)
    head = HEAD + "def make_walker():\n    wc = walker_creator()\n"
    assert common_lines(texts, tokenizer) == head
    assert common_lines([*texts, "import os\n" + texts[0]], tokenizer) == head
    assert common_lines([*texts, *["import os\n" + text for text in texts[:9]]], tokenizer) == ""
    assert common_lines([texts[0]] * 3, tokenizer) in texts[0]
    assert common_lines(["x = 1\n"] * 3, tokenizer) == ""  # nothing would be left to write


# ── Training ──────────────────────────────────────────────────────────────────────────────────


def test_a_training_writes_a_folder_that_says_how_to_ask(dataset: Dataset, tmp_path: Path) -> None:
    reports: list[Report] = []
    result = train(dataset, replace(TINY, steps=20), tmp_path, observe=reports.append, origin="toy")
    assert result is not None
    assert reports[-1].loss < 0.75 * reports[0].loss
    assert [report.step for report in reports if report.reading] == [10, 20]
    assert result.test_loss == result.readings[-1].test_loss
    assert result.num_tests == 4
    asked = json.loads((tmp_path / "ulmus.json").read_text("utf-8"))
    assert 40 < asked.pop("max_tokens") < 150
    assert asked == {
        "kind": "inventor", "prompt": HEAD + "def make_walker():\n    wc = walker_creator()\n",
        "start": "", "end": END, "problem": "sodarace", "problem_options": {},
        "measures": [{"name": "width", "unit": "u", "low": 0.0, "high": 1.0, "bins": 4}],
        "properties": "none",
    }  # fmt: skip
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "Data set toy: 20 programs learned from; judged on: 4 of the test split." in card
    assert f"| 20 | {result.num_tokens:,} |" in card
    assert "| seed | 0 |" in card
    assert "| size |" in card
    assert "| lora |" not in card
    assert "def make_walker():" in card


def test_texts_that_begin_in_different_ways_stand_behind_the_end_token(
    dataset: Dataset, tmp_path: Path
) -> None:
    rows = [replace(r, text=f"# {n}\n" + r.text) for n, r in enumerate(dataset.train)]
    train(replace(dataset, train=tuple(rows)), TINY, tmp_path)
    asked = json.loads((tmp_path / "ulmus.json").read_text("utf-8"))
    assert (asked["prompt"], asked["start"]) == ("", END)
    (said,) = LocalModel(tmp_path).complete([Prompt(END)], Sampling(0.0, 1.0, 20))
    assert said.error is None


@pytest.mark.slow
def test_the_network_learns_programs_and_ends_them(dataset: Dataset, tmp_path: Path) -> None:
    few = replace(dataset, test=())
    settings = replace(TINY, size="0.1m", steps=200, tokens_per_step=300, rate=7e-3)
    result = train(few, settings, tmp_path)
    assert result is not None
    assert result.test_loss is None
    prompts = [Prompt(r.text[: r.text.index(")\n", len(HEAD) + 60)]) for r in few.train]
    answers = LocalModel(tmp_path).complete(prompts, Sampling(0.0, 1.0, 120))
    whole = [prompt.text + answer.text for prompt, answer in zip(prompts, answers, strict=True)]
    assert whole == [r.text for r in few.train]


def test_a_stopped_training_goes_on_to_the_same_weights(dataset: Dataset, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    first = train(dataset, TINY, whole)
    observe, stop = stop_after(4)
    assert train(dataset, TINY, parts, observe=observe, stop=stop) is None
    assert not same(weights(whole), weights(parts))
    second = train(dataset, TINY, parts, resume=True)
    assert same(weights(whole), weights(parts))
    assert first is not None
    assert second is not None
    assert first.readings == second.readings
    for name in ("model.safetensors", "tokenizer.json", "config.json", "ulmus.json"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.slow
def test_a_training_that_was_told_to_end_and_then_killed_goes_on_to_the_same_weights(
    dataset: Dataset, tmp_path: Path
) -> None:
    folder, parts = write(dataset, tmp_path / "data"), tmp_path / "parts"
    train(dataset, replace(TINY, steps=60, rate=None), tmp_path / "whole")
    options = "--size tiny --vocabulary 400 --steps 60 --tokens-per-step 150 --context 128"
    command = [
        sys.executable, "-m", "ulmus", "train", "inventor", str(folder), *options.split(),
        "--readings", "2", "--save-every", "0", "--out", str(parts),
    ]  # fmt: skip
    assert _interrupted(command, parts, 5, signal.SIGTERM) == 130
    assert _interrupted([*command, "--resume"], parts, 20, signal.SIGKILL) == -signal.SIGKILL
    assert not (parts / "model.safetensors").exists()
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert same(weights(tmp_path / "whole"), weights(parts))


def _interrupted(command: list[str], folder: Path, step: int, number: int) -> int:
    """Send a signal when there is a checkpoint of that step; returns the exit status."""
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and child.poll() is None:
        place = checkpoints.newest(folder)
        if place is not None and int(place.name[5:]) >= step:
            break
        time.sleep(0.005)
    assert child.poll() is None, "the training ended before the signal"
    child.send_signal(number)
    return child.wait(60)


def test_epochs_end_a_training(dataset: Dataset, tmp_path: Path) -> None:
    result = train(dataset, replace(TINY, steps=None, epochs=1.0), tmp_path)
    assert result is not None
    assert result.epochs == 1.0
    tokens = sum(len(text) - 1 for text in _encoded_again(tmp_path, dataset))
    assert result.num_tokens == tokens


def _encoded_again(folder: Path, dataset: Dataset) -> list[list[int]]:
    from ulmus.training.tokenizer import read_tokenizer

    texts = [r.text for r in dataset.train]
    return [list(text) for text in encode(texts, read_tokenizer(folder), 10_000).texts]


def test_a_resume_with_other_programs_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    observe, stop = stop_after(1)
    train(dataset, TINY, tmp_path, observe=observe, stop=stop)
    other = replace(dataset, train=(*dataset.train[1:], row(99)))
    with pytest.raises(TrainingError, match=r"programs = '20 \(.*now it is '20 \("):
        train(other, TINY, tmp_path, resume=True)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    dataset: Dataset, tmp_path: Path
) -> None:
    observe, stop = stop_after(2)
    train(dataset, TINY, tmp_path, observe=observe, stop=stop)
    place = checkpoints.newest(tmp_path)
    assert place is not None
    kept = checkpoints.load(place)
    broken = {name: value.clone() for name, value in kept.weights.items()}
    broken["model.norm.weight"][0] = float("nan")
    checkpoints.save(tmp_path, replace(kept, weights=broken))
    with pytest.raises(TrainingError, match=r"after step 2 .* last good checkpoint is .*step-0"):
        train(dataset, TINY, tmp_path, resume=True)


def test_a_test_loss_that_rises_is_told_in_the_card(dataset: Dataset, tmp_path: Path) -> None:
    settings = replace(TINY, steps=60, rate=3e-2, readings=4)
    result = train(replace(dataset, train=dataset.train[:4]), settings, tmp_path)
    assert result is not None
    assert result.learned_by_heart
    assert "rose after it" in (tmp_path / "README.md").read_text("utf-8")


# ── Bases ─────────────────────────────────────────────────────────────────────────────────────


def test_an_inventor_is_a_base(dataset: Dataset, tmp_path: Path) -> None:
    train(dataset, TINY, tmp_path / "first")
    settings = replace(TINY, base=str(tmp_path / "first"), steps=1, rate=1e-9)
    result = train(dataset, settings, tmp_path / "second")
    assert result is not None
    first, second = (weights(tmp_path / name) for name in ("first", "second"))
    assert all(torch.allclose(first[k], second[k], atol=1e-3) for k in first)


def test_a_base_grows(dataset: Dataset, tmp_path: Path) -> None:
    first = train(dataset, TINY, tmp_path / "first")
    settings = replace(TINY, base=str(tmp_path / "first"), grow_to="0.1m", steps=1, rate=1e-9)
    second = train(dataset, settings, tmp_path / "second")
    assert first is not None
    assert second is not None
    assert second.test_loss == pytest.approx(first.test_loss, rel=1e-2)  # kept in float16
    assert weights(tmp_path / "second")["model.norm.weight"].shape == (64,)
    assert "grown to 0.1m" in (tmp_path / "second" / "README.md").read_text("utf-8")
    with pytest.raises(ConfigError, match="does not grow into tiny"):
        train(dataset, replace(settings, grow_to="tiny"), tmp_path / "third")


def test_a_base_that_does_not_fit_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    base = tmp_path / "base"
    train(dataset, TINY, base)
    settings = replace(TINY, base=str(base))
    with pytest.raises(ConfigError, match="reads up to 2,048 tokens; --context 4096 is too long"):
        train(dataset, replace(settings, context=4096), tmp_path / "out")
    text = (base / "tokenizer.json").read_text("utf-8")
    (base / "tokenizer.json").write_text(text.replace(END, "<|other|>"), "utf-8")
    with pytest.raises(TrainingError, match=r"does not know .*endoftext.* choose another base"):
        train(dataset, settings, tmp_path / "out")
    larger = train_tokenizer([r.text for r in dataset.train] + ["abc def ghi"] * 3, 420).to_str()
    (base / "tokenizer.json").write_text(larger, "utf-8")
    with pytest.raises(TrainingError, match="do not belong together"):
        train(dataset, settings, tmp_path / "out")
    (base / "tokenizer.json").unlink()
    with pytest.raises(TrainingError, match=r"cannot read .*tokenizer\.json"):
        train(dataset, settings, tmp_path / "out")


@pytest.mark.slow  # the import alone takes seconds
def test_the_folder_loads_in_transformers_and_in_the_embedded_runtime(
    dataset: Dataset, tmp_path: Path
) -> None:
    transformers = pytest.importorskip("transformers", reason="training needs ulmus[train]")
    train(dataset, replace(TINY, steps=30), tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokens = tokenizer(HEAD, return_tensors="pt", add_special_tokens=False).input_ids
    answer = model.generate(
        tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=40,
        pad_token_id=0,
    )[0, tokens.shape[1] :]  # fmt: skip
    (ours,) = LocalModel(tmp_path).complete([Prompt(HEAD)], Sampling(0.0, 1.0, 40))
    assert ours.text == tokenizer.decode(answer, skip_special_tokens=True)
    assert ours.num_tokens > 5


@pytest.mark.slow  # the import alone takes seconds
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of transformers, about itself
def test_an_adapter_learns_whole_programs(dataset: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="training needs the extra ulmus[train]")
    train(dataset, TINY, tmp_path / "base")
    losses: list[float] = []
    settings = replace(TINY, base=str(tmp_path / "base"), lora=4, steps=20)
    out = tmp_path / "adapter"
    result = train(dataset, settings, out, observe=lambda report: losses.append(report.loss))
    assert result is not None
    assert losses[-1] < losses[0]
    plain = train(dataset, replace(settings, lora=None, steps=1), tmp_path / "plain")
    assert plain is not None
    assert losses[0] == pytest.approx(plain.loss, rel=1e-3)  # transformers' network and ours
    with pytest.raises(ConfigError, match="is no network that grows"):
        train(dataset, replace(TINY, base=str(out), grow_to="1m"), tmp_path / "grown")
    (said,) = LocalModel(tmp_path / "base", adapters=[out]).complete(
        [Prompt(result.prompt)], Sampling(0.0, 1.0, 20)
    )
    assert said.error is None


# ── Errors and the command ────────────────────────────────────────────────────────────────────


def fails(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, ["inventor", *arguments])
    assert result.exception is not None, result.output
    return result.exception


def test_a_folder_that_is_no_data_set_is_named(dataset: Dataset, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "out"), "--steps", "1")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    error = fails(str(foreign), *out)
    assert isinstance(error, DataFormatError)
    assert "no data set of programs" in str(error)
    empty = write(replace(dataset, train=()), tmp_path / "empty")
    error = fails(str(empty), *out)
    assert isinstance(error, UlmusError)
    assert "no program to learn from" in str(error)
    broken = write(dataset, tmp_path / "broken")
    with (broken / "data/train.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('{"text": 1')
    assert "line 21" in str(fails(str(broken), *out))


def test_programs_that_are_all_too_long_are_named(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"20 longer than 8 tokens.* a larger --context"):
        train(dataset, replace(TINY, context=8), tmp_path)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="--steps, --minutes or --epochs"):
        replace(TINY, steps=None)
    with pytest.raises(ConfigError, match="exclude each other"):
        replace(TINY, base="x", lora=3, full=True)
    with pytest.raises(ConfigError, match="--grow-to is for a --base"):
        replace(TINY, grow_to="1m")
    with pytest.raises(ConfigError, match="--context must be at least 8 tokens; got 7"):
        replace(TINY, context=7)
    with pytest.raises(ConfigError, match="--epochs must be above 0; got 0"):
        replace(TINY, steps=None, epochs=0.0)


def test_the_command_trains_and_prints_one_object(dataset: Dataset, tmp_path: Path) -> None:
    folder, out = write(dataset, tmp_path / "data"), tmp_path / "out"
    assert read_dataset(folder) == dataset
    options = "--size tiny --vocabulary 400 --steps 2 --tokens-per-step 100 --whole-lines --json"
    result = CliRunner().invoke(app, ["inventor", str(folder), "--out", str(out), *options.split()])
    assert result.exception is None, result.output
    last = json.loads(result.stdout.strip().splitlines()[-1])
    assert (last["model"], last["steps"], last["programs"]) == (str(out), 2, 20)
    assert 0 < last["test_loss"] < 10
    assert last["readings"][-1]["test_loss"] == pytest.approx(last["test_loss"], abs=1e-4)
    assert "test loss" in result.stderr
    assert (out / "model.safetensors").is_file()


def test_a_process_that_is_not_the_main_one_is_quiet(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    folder, out = write(dataset, tmp_path / "data"), tmp_path / "out"
    options = "--size tiny --vocabulary 400 --steps 2 --tokens-per-step 100"
    result = CliRunner().invoke(app, ["inventor", str(folder), "--out", str(out), *options.split()])
    assert result.exception is None, result.output
    assert result.output == result.stderr == ""


@pytest.mark.slow  # two processes import everything
def test_two_processes_train_one_model_and_one_of_them_speaks(
    dataset: Dataset, tmp_path: Path
) -> None:
    pytest.importorskip("accelerate", reason="several processes need it")
    folder, out = write(dataset, tmp_path / "data"), tmp_path / "out"
    options = "--size tiny --vocabulary 400 --steps 4 --tokens-per-step 100 --readings 1 --json"
    found = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            "-m", "ulmus", "train", "inventor", str(folder), "--out", str(out), *options.split(),
        ],
        capture_output=True, text=True, timeout=240, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["steps"] == 4
    assert found.stderr.count("20 programs, 4 for the test") == 1
    assert found.stderr.count("step 4 ") == 1
    assert (out / "model.safetensors").is_file()


def test_evenly_spread_programs_are_judged() -> None:
    assert inventor._some(range(10), 3) == range(0, 10, 4)
    assert list(inventor._some([], 5)) == list(inventor._some([1, 2], 0)) == []
