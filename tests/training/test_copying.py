"""A new network copies before it has learned anything, and what it is given to recall."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch

from ulmus.diffs.prompts import Layout
from ulmus.mining.sample import Sample
from ulmus.training.bases import Trainee, new_network
from ulmus.training.batches import side_by_side
from ulmus.training.copying import can_copy
from ulmus.training.diff_model import Settings, tokenizer_texts, train
from ulmus.training.examples import Coder, Mixture, Recall, Source
from ulmus.training.networks import Llama, shape_named
from ulmus.training.rows import Row

CPU = torch.device("cpu")


def program(seed: int) -> str:
    """A program of a dozen lines that no other program has."""
    rng = random.Random(seed)
    word = lambda: "".join(rng.choices("abcdefgh", k=4))  # noqa: E731
    lines = [f"    {word()} = {word()} + {rng.randrange(100)}" for _ in range(12)]
    return "\n".join([f"def {word()}({word()}):", *lines, ""])


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    plain = Sample(
        before="", after="", message="Change it", path="a.py", repo="o/n", family="f",
        split="train", kind="change", licence="MIT", commit_time=0, level="func",
    )  # fmt: skip
    texts = [program(seed) for seed in range(40)]
    return [
        replace(plain, before=text, after=text.replace(" + ", " - ", 1), id=str(number))
        for number, text in enumerate(texts)
    ]


def fresh(samples: list[Sample], size: str = "1m") -> Trainee:
    texts = tokenizer_texts(samples, Layout())
    return new_network(
        size, texts, 400, whole_lines=False, numbered=True, context=1024, seed=1
    )  # fmt: skip


def recalled(net: Llama, rows: list[Row]) -> float:
    """Share of the tokens of recalled lines that come first in the network's mind."""
    right = total = 0
    with torch.no_grad():
        for row in rows:
            batch = side_by_side([row], 1.0, CPU)
            hidden = net.hidden(batch.tokens, batch.positions, batch.parts)
            best = net.logits(hidden.flatten(0, 1)[batch.sources]).argmax(-1)
            right += int((best == batch.targets).sum())
            total += len(batch.targets)
    return right / total


def test_a_new_network_copies_untaught(samples: list[Sample]) -> None:
    made = fresh(samples)
    assert isinstance(made.net, Llama)
    coder = Coder(made.tokenizer, Layout())
    rows = [row for sample in samples[:10] if (row := coder.recall(sample, random.Random(1)))]
    plain = Llama(made.net.shape, seed=1)
    assert recalled(plain, rows) < 0.05
    assert recalled(made.net, rows) > 0.3


def test_small_networks_have_no_room_to_copy() -> None:
    assert not can_copy(Llama(shape_named("tiny", 400)))
    assert can_copy(Llama(shape_named("1m", 400)))


def test_recall_judges_the_lines_and_not_their_numbers(samples: list[Sample]) -> None:
    coder = Coder(fresh(samples).tokenizer, Layout())
    row = coder.recall(samples[0], random.Random(1))
    assert row is not None
    said = coder.tokenizer.decode(row.targets, skip_special_tokens=False).split("<|endoftext|>")
    lines = samples[0].before.split("\n")
    assert len(said) == 14  # each line once, and nothing after the last end
    assert sorted(said) == sorted(lines)
    assert set(row.weights) == {1.0}


def test_recall_begins_at_its_share_and_falls_to_nothing(samples: list[Sample]) -> None:
    coder = Coder(fresh(samples).tokenizer, Layout())

    def mixture() -> Mixture:
        runs = Source("runs", samples, coder, 1)
        return Mixture([runs], [1.0], Recall("programs", samples, coder, 1))

    some = mixture()
    for _ in range(10):
        list(some.rows(2_000, 0.5))
    assert some.recalled / (some.recalled + some.drawn[0]) == pytest.approx(0.5, abs=0.1)
    before = some.recalled
    list(some.rows(2_000, 0.0))
    assert some.recalled == before
    other = mixture()
    other.place = some.place
    assert [r.tokens for r in other.rows(900, 0.6)] == [r.tokens for r in some.rows(900, 0.6)]


def test_a_training_with_recall_goes_on_where_it_stopped(samples: list[Sample], tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(size="1m", vocabulary=400, steps=6, tokens_per_step=600, held_out=0)
    seen: list[float] = []
    train({"commits": samples}, settings, tmp_path / "a", observe=lambda r: seen.append(r.loss))
    half: list[float] = []
    stopped = train(
        {"commits": samples}, settings, tmp_path / "b", observe=lambda r: half.append(r.loss),
        stop=lambda: len(half) == 3,
    )  # fmt: skip
    assert stopped is None
    train(
        {"commits": samples}, settings, tmp_path / "b", resume=True,
        observe=lambda r: half.append(r.loss),
    )  # fmt: skip
    assert half == seen
