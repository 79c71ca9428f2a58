"""Learning preferences: the loss by hand, what it raises, resume, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from answered_run import SEED, child_of, family, refused, taken, write_run
from safetensors.torch import load_file
from torch import Tensor
from trainings import same, stop_after, weights
from typer.testing import CliRunner

from ulmus.cli.train import app
from ulmus.errors import ConfigError, TrainingError
from ulmus.mining.sample import Sample
from ulmus.models.shelf import knows_effects, open_model
from ulmus.records import Prompt, Sampling
from ulmus.training import diff_model
from ulmus.training.batches import mean_loss
from ulmus.training.dpo import (
    Contrast,
    PairLoss,
    log_probabilities,
    pair_losses,
    pair_row,
    rankings,
    with_reference,
)
from ulmus.training.networks import Llama, Shape
from ulmus.training.preference_model import PairLessons, Settings, train
from ulmus.training.preferences import Pair, preference_pairs

CPU = torch.device("cpu")
EFFECTS = {"Same shape, fitter.": 0.5, "More mass.": 0.5}

CONTRASTS = [
    Contrast([5, 6, 7, 8], [9, 10, 1], [11, 12, 13, 1], "refused"),
    Contrast([5, 6, 7, 9], [14, 1], [9, 10, 1], "kept_out"),
    Contrast([5, 6, 7, 8], [15, 15, 16, 1], [17, 1], "refused"),
]


def small_net(seed: int = 0) -> Llama:
    return Llama(Shape(20, 32, 2, 4, 64, 64), seed)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diff model that has learned next to nothing."""
    samples = [
        Sample(
            before=SEED, after=child_of(SEED, number), message=("Make it faster", "Fixed bugs.")[number % 2],
            path="program.py", repo="r", family="f", split="train", kind="change", licence="MIT",
            commit_time=0, level="file",
        )
        for number in range(20)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("base")
    told = diff_model.Settings(size="tiny", vocabulary=400, steps=4, tokens_per_step=200, rate=1e-2)
    diff_model.train({"commits": samples}, told, folder)
    file = folder / "ulmus.json"
    told_of_itself = {**json.loads(file.read_text("utf-8")), "effects": EFFECTS}
    file.write_text(json.dumps(told_of_itself), "utf-8")
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    return preference_pairs(family(tmp_path / "run", parents=5), held_out=0.4)


def tiny(base: Path, **changes: object) -> Settings:
    plain = Settings(base=str(base), steps=4, tokens_per_step=600, rate=3e-3, readings=2)
    return replace(plain, **changes)  # type: ignore[arg-type]


# ── The loss ──────────────────────────────────────────────────────────────────────────────────


def test_the_loss_is_what_one_finds_by_hand() -> None:
    """Two pairs: one leads by 2 nats more than at the start, the other by 1 nat less."""
    sums = torch.tensor([-3.0, -6.0, -8.0, -5.0])
    reference = torch.tensor([-4.0, -5.0, -7.0, -5.0])
    lengths = torch.tensor([3, 4, 2, 5])
    found = pair_losses(sums, reference, lengths, beta=0.5, likelihood=0.2)
    first = math.log(1 + math.exp(-0.5 * 2)) + 0.2 * 3 / 3
    second = math.log(1 + math.exp(-0.5 * -1)) + 0.2 * 8 / 2
    assert found.tolist() == pytest.approx([first, second])


def one_by_one(net: Llama, prompt: Sequence[int], answer: Sequence[int]) -> Tensor:
    """Return the log-probability of an answer that stands alone after its prompt."""
    tokens = torch.tensor([[*prompt, *answer]])
    places = torch.arange(tokens.shape[1])[None]
    hidden = net.hidden(tokens, places, torch.zeros_like(tokens))
    told = net.logits(hidden)[0].log_softmax(-1)
    first = len(prompt) - 1
    return torch.stack([told[first + n, token] for n, token in enumerate(answer)]).sum()


def test_answers_that_share_a_row_are_as_likely_as_alone() -> None:
    net = small_net()
    (sums,) = log_probabilities(net, [pair_row(CONTRASTS)], CPU)
    alone = [one_by_one(net, c.prompt, text) for c in CONTRASTS for text in (c.chosen, c.rejected)]
    assert sums == pytest.approx([value.item() for value in alone], abs=1e-5)


def test_the_loss_of_rows_side_by_side_is_the_mean_over_their_pairs() -> None:
    start, net = small_net(1), small_net(2)
    rows = with_reference(start, [pair_row(CONTRASTS[:2]), pair_row(CONTRASTS[2:])], CPU)
    loss = PairLoss(net, beta=0.3, likelihood=0.7)
    assert loss.weight(rows) == 3
    expected = 0.0
    for c in CONTRASTS:
        now, then = (
            [one_by_one(some, c.prompt, text).item() for text in (c.chosen, c.rejected)]
            for some in (net, start)
        )
        gained = (now[0] - now[1]) - (then[0] - then[1])
        expected += math.log(1 + math.exp(-0.3 * gained)) - 0.7 * now[0] / len(c.chosen)
    together = loss(*loss.arguments(rows, loss.weight(rows), CPU)).item()
    assert together == pytest.approx(expected / 3, abs=1e-5)
    assert mean_loss(loss, rows, CPU) == pytest.approx(expected / 3, abs=1e-5)
    assert mean_loss(loss, [], CPU) is None


def test_at_the_start_nothing_is_preferred() -> None:
    net = small_net()
    rows = with_reference(net, [pair_row(CONTRASTS)], CPU)
    loss = PairLoss(net, beta=0.1, likelihood=0.0)
    assert mean_loss(loss, rows, CPU) == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("likelihood", [0.0, 1.0])
def test_a_step_along_the_gradient_raises_the_chosen_answers_over_the_rejected(
    likelihood: float,
) -> None:
    net = small_net()
    rows = with_reference(net, [pair_row(CONTRASTS)], CPU)
    loss = PairLoss(net, beta=1.0, likelihood=likelihood)
    loss(*loss.arguments(rows, 3.0, CPU)).backward()
    with torch.no_grad():
        for weight in net.parameters():
            if weight.grad is not None:
                weight -= 0.05 * weight.grad
    after = rankings(rows, log_probabilities(net, rows, CPU))["all"]
    before = rankings(rows, [rows[0].reference])["all"]
    assert after.margin > before.margin
    assert after.raised == 1.0
    assert before.raised == 0.0
    if likelihood:
        assert after.chosen > before.chosen


def test_rankings_are_shares_of_the_pairs_of_a_group() -> None:
    row = replace(pair_row(CONTRASTS), reference=(-1.0, -2.0, -3.0, -3.0, -4.0, -2.0))
    found = rankings([row], [(-2.0, -1.0, -1.0, -4.0, -2.0, -3.0)])
    assert list(found) == ["all", "refused", "kept_out"]
    assert found["all"].num_pairs == 3
    assert found["all"].right == pytest.approx(2 / 3)
    assert found["all"].margin == pytest.approx((-1 + 3 + 1) / 3)
    assert found["all"].raised == pytest.approx(2 / 3)
    assert found["all"].chosen == pytest.approx(-(2 / 3 + 1 / 2 + 2 / 4) / 3)
    assert found["kept_out"].right == found["kept_out"].raised == 1.0
    assert rankings([], []) == {}


# ── The order ─────────────────────────────────────────────────────────────────────────────────


def test_each_pass_gives_each_row_once_and_the_place_says_what_comes_next() -> None:
    rows = [pair_row([replace(CONTRASTS[0], prompt=[5, number])]) for number in range(7)]
    lessons = PairLessons(rows, seed=1, epochs=2)
    given = []
    while lessons.share_given < 1:
        place = lessons.place
        given += lessons.rows(1, 0.0)
        again = PairLessons(rows, seed=1, epochs=2)
        again.place = place
        assert again.rows(1, 0.0) == given[-1:]
    assert len(given) == 14
    for epoch in (given[:7], given[7:]):
        assert sorted(row.tokens for row in epoch) == sorted(row.tokens for row in rows)
    assert given[:7] != given[7:]


# ── A whole training ──────────────────────────────────────────────────────────────────────────


def test_a_training_raises_held_out_pairs_and_writes_a_model_that_can_be_asked(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = train(pairs, tiny(base, steps=8), out)
    assert result is not None
    before, after = result.before["all"], result.after["all"]
    assert before.num_pairs == sum(pair.held_out for pair in pairs)
    assert before.raised == 0.0
    assert after.raised > 0.8
    assert after.margin > before.margin + 1
    assert result.num_pairs == sum(not pair.held_out for pair in pairs)
    assert result.readings[-1].test_loss is not None
    assert result.readings[-1].test_loss < result.readings[0].test_loss  # type: ignore[operator]
    assert json.loads((out / "ulmus.json").read_text("utf-8"))["effects"] == EFFECTS
    assert knows_effects(str(out))
    card = (out / "README.md").read_text("utf-8")
    assert "Runs: run." in card
    assert f"| all | {before.num_pairs} |" in card
    assert str(base) not in card
    assert "| lora |" in card
    assert "| vocabulary |" not in card
    model, taught = open_model(str(out))
    (answer,) = model.complete([Prompt("<filename>program.py\n")], Sampling(max_tokens=4))
    assert answer.error is None
    assert taught.form == "numbered"


def test_a_stopped_training_goes_on_to_the_same_weights(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    first = train(pairs, tiny(base), whole)
    observe, stop = stop_after(2)
    assert train(pairs, tiny(base), parts, observe=observe, stop=stop) is None
    assert not same(weights(whole), weights(parts))
    assert not (parts / "model.safetensors").exists()
    second = train(pairs, tiny(base), parts, resume=True)
    assert same(weights(whole), weights(parts))
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()
    assert first is not None
    assert second is not None
    assert (first.before, first.after) == (second.before, second.after)


def test_a_resume_with_other_pairs_or_another_beta_is_refused(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    observe, stop = stop_after(1)
    train(pairs, tiny(base), tmp_path / "out", observe=observe, stop=stop)
    with pytest.raises(TrainingError, match=r"beta = 0\.1, now it is 0\.2"):
        train(pairs, tiny(base, beta=0.2), tmp_path / "out", resume=True)
    fewer = [pair for pair in pairs if pair.held_out] + pairs[-5:]
    with pytest.raises(TrainingError, match="was trained with pairs = "):
        train(fewer, tiny(base), tmp_path / "out", resume=True)


def test_weights_that_are_no_numbers_are_not_kept(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="no finite number"):
        train(pairs, tiny(base, rate=1e38), tmp_path / "out")
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_what_cannot_be_learned_is_left_out_and_counted(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    (plain, *_) = (pair for pair in pairs if not pair.held_out)
    odd = [
        replace(plain, rejected="@@ 2\n" + "    a = 1\n" * 100),
        replace(plain, chosen="<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE"),
        replace(plain, before="# <file_sep>\n"),
        replace(plain, before="# a long program\n" * 400),
        replace(plain, max_tokens=3),
    ]
    result = train([plain, *odd], tiny(base, steps=1), tmp_path / "out")
    assert result is not None
    assert result.num_pairs == 1
    assert result.after == {}
    assert sorted(result.left_out.values()) == [1] * 5
    assert "Nothing was held out." in (tmp_path / "out" / "README.md").read_text("utf-8")
    with pytest.raises(TrainingError, match=r"no pair of the runs can be learned: 1 with"):
        train(odd[1:2], tiny(base), tmp_path / "none")


def test_runs_without_pairs_say_so(base: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to prefer; a longer run"):
        train([], tiny(base), tmp_path / "out")
    run = write_run(tmp_path / "run", [taken(SEED, "x", 2), refused(SEED, "x", 3)])
    with pytest.raises(TrainingError, match="all pairs are held out"):
        train(preference_pairs(run, held_out=1.0), tiny(base), tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base": "none"}, "a model to start from"),
        ({"steps": None}, "needs an end"),
        ({"steps": None, "epochs": 0.0}, "--epochs must be above 0; got 0"),
        ({"epochs": -1.0}, "--epochs must be above 0; got -1"),
        ({"pairs_per_row": 0}, "--pairs-per-row must be at least 1; got 0"),
        ({"beta": 0.0}, "--beta must be above 0; got 0"),
        ({"likelihood": -1.0}, "--likelihood must be 0 or more; got -1"),
        ({"beta": float("nan")}, "--beta"),
        ({"likelihood": float("inf")}, "--likelihood"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    base: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        replace(tiny(base), **changes)  # type: ignore[arg-type]


def test_models_that_write_no_edits_are_refused(
    base: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    other = tmp_path / "inventor"
    other.mkdir()
    (other / "ulmus.json").write_text('{"kind": "inventor"}', "utf-8")
    with pytest.raises(ConfigError, match="inventor; preferences are learned by diff models"):
        train(pairs, tiny(other), tmp_path / "out")
    with pytest.raises(ConfigError, match="walker-3m"):
        train(pairs, tiny(Path("walker-3n")), tmp_path / "out")


@pytest.mark.slow  # the import alone takes seconds
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of transformers, about itself
def test_an_adapter_learns_preferences_too(base: Path, pairs: list[Pair], tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="training needs the extra ulmus[train]")
    out = tmp_path / "adapter"
    result = train(pairs, tiny(base, lora=4, steps=8, rate=3e-2), out)
    assert result is not None
    assert result.after["all"].raised > 0.6
    assert set(load_file(out / "adapter_model.safetensors"))
    assert not (out / "model.safetensors").exists()
    assert knows_effects(str(out))


def test_the_command_prints_one_object(base: Path, tmp_path: Path) -> None:
    run, judged = family(tmp_path / "run"), family(tmp_path / "judged", parents=2, first=500)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app,
        ["preferences", str(base), str(run), "--held-out-runs", str(judged), "--out", str(out),
         "--steps", "2", "--tokens-per-step", "300", "--pairs-per-parent", "3", "--json"],
    )  # fmt: skip
    assert result.exception is None, result.output
    last = json.loads(result.stdout.strip().splitlines()[-1])
    assert last["model"] == str(out)
    assert last["steps"] == 2
    assert last["pairs"] == 3 * 7  # the seed is a parent of the run that is judged
    assert last["before"]["all"]["num_pairs"] == last["after"]["all"]["num_pairs"] == 6
    result = CliRunner().invoke(app, ["preferences", str(base), str(tmp_path), "--steps", "1"])
    assert "--out is missing" in str(result.exception)


def test_a_process_that_is_not_the_main_one_is_quiet(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    run, out = family(tmp_path / "run"), tmp_path / "out"
    options = "--steps 1 --tokens-per-step 300 --json"
    result = CliRunner().invoke(
        app, ["preferences", str(base), str(run), "--out", str(out), *options.split()]
    )
    assert result.exception is None, result.output
    assert result.output == result.stderr == ""
