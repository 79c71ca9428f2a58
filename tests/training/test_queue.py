"""The best programs so far: which are kept, and what imitating them does to the policy."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from toy_inventor import write_inventor

from ulmus.training.collapse import Sample
from ulmus.training.conditional import Settings, best_of, remember
from ulmus.training.conditioned import said
from ulmus.training.experience import (
    Learners,
    add_queue_gradients,
    learn,
    look_back,
    optimizer_for,
)
from ulmus.training.inventors import open_inventor
from ulmus.training.queue import Queue
from ulmus.training.rollouts import Rollouts, chances_for, draw

TOLD = Settings(terrains=("left_wall", "right_wall"), samples=8)


def rollouts(*rows: list[int]) -> Rollouts:
    """Programs of these tokens, all at their end."""
    lengths = torch.tensor([len(row) for row in rows])
    tokens = torch.tensor([row + [0] * (int(lengths.max()) - len(row)) for row in rows])
    ended = torch.ones(len(rows), dtype=torch.bool)
    return Rollouts(tokens, torch.zeros(tokens.shape), lengths, ended)


def test_the_best_different_programs_are_kept() -> None:
    queue = Queue(("left_wall", "tunnel"), 3)
    for score, text in (
        (5.0, "a"),
        (7.0, "b"),
        (5.0, "c"),
        (5.0, "d"),
        (9.0, "a"),
        (0.0, "e"),
        (math.nan, "e"),
    ):
        queue.offer(text, {"tunnel": score, "left_wall": None, "flat": 3.0})
    assert queue.to_json() == {"left_wall": [], "tunnel": [[7.0, "b"], [5.0, "a"], [5.0, "c"]]}
    queue.offer("f", {"tunnel": 6.0, "left_wall": 1.0})
    assert queue.to_json()["tunnel"] == [[7.0, "b"], [6.0, "f"], [5.0, "a"]]
    assert (queue.to_json()["left_wall"], len(queue)) == ([[1.0, "f"]], 4)


def test_a_queue_can_be_written_down() -> None:
    queue, other = Queue(("tunnel",), 3), Queue(("tunnel",), 3)
    queue.offer("a", {"tunnel": 1.5})
    other.restore(queue.to_json())
    assert other.to_json() == queue.to_json()
    other.offer("b", {"tunnel": 3.0})
    assert other.to_json() == {"tunnel": [[3.0, "b"], [1.5, "a"]]}


def test_its_programs_stand_in_one_batch() -> None:
    queue = Queue(("left_wall", "right_wall", "tunnel"), 2)
    for text, terrain, score in (
        ("429", "tunnel", 1.0),
        ("7", "left_wall", 2.0),
        ("56", "tunnel", 2.0),
    ):
        queue.offer(text, {terrain: score})
    terrains, kept = queue.batch(lambda text: list(map(int, text)), most=3)
    assert terrains.tolist() == [0, 2, 2]
    assert kept.tokens.tolist() == [[7, 0, 0], [5, 6, 0], [4, 2, 9]]
    assert kept.lengths.tolist() == [1, 2, 3]
    terrains, kept = queue.batch(lambda text: list(map(int, text)), most=2)
    assert (terrains.tolist(), kept.tokens.tolist()) == ([0, 2], [[7, 0], [5, 6]])


def test_the_policy_would_say_what_the_queue_holds(tmp_path: Path) -> None:
    inventor = open_inventor(write_inventor(tmp_path / "toy"))
    queue = Queue(("tunnel",), 2)
    queue.offer("goa b", {"tunnel": 1.0})
    terrains, kept = best_of(queue, inventor, 9, torch.device("cpu"))
    assert kept.texts(inventor.tokenizer, inventor.prompt) == ["goa b"]
    assert (terrains.tolist(), kept.lengths.tolist()) == ([0], [3])


def test_each_program_is_judged_on_every_terrain_once() -> None:
    asked: list[tuple[str, str]] = []

    def score(pairs):
        asked.extend(pairs)
        worth = {("a", "right_wall"): 4.0, ("b", "left_wall"): None}
        return [worth[pair] for pair in pairs]

    samples = [
        Sample("left_wall", "a", 1.0), Sample("right_wall", "b", 2.0), Sample("left_wall", None, None)
    ]  # fmt: skip
    queue = Queue(TOLD.terrains, 5)
    remember(queue, samples, TOLD.terrains, score)
    assert sorted(asked) == [("a", "right_wall"), ("b", "left_wall")]
    assert queue.to_json() == {"left_wall": [[1.0, "a"]], "right_wall": [[4.0, "a"], [2.0, "b"]]}


def test_the_gradient_is_that_of_the_mean_loss_per_token(tmp_path: Path) -> None:
    learners = Learners(open_inventor(write_inventor(tmp_path / "toy")), TOLD)
    kept, terrains = rollouts([3, 4, 0], [5, 0], [2, 0]), torch.tensor([0, 1, 1])
    loss = add_queue_gradients(learners, terrains, kept, [0, 1], 3.0)
    found = [w.grad.clone() for w in learners.policy.parameters() if w.grad is not None]
    learners.policy.zero_grad()

    prefixes = learners.policy.terrains()[terrains[:2]]
    told = learners.policy.log_probabilities(learners.policy.hidden(prefixes, kept.tokens[:2]))
    each = -said(told, kept.tokens[:2])
    mean = (each[0].sum() + each[1, :2].sum()) / 5
    (3.0 * mean).backward()
    wanted = [w.grad for w in learners.policy.parameters() if w.grad is not None]
    assert loss == pytest.approx(float(mean.detach()), rel=1e-5)
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("changes", [{"queue": -1}, {"queue_weight": 0.0}])
def test_settings_that_make_no_sense_are_refused(changes) -> None:
    from ulmus.errors import ConfigError

    with pytest.raises(ConfigError, match=next(iter(changes)).replace("_", "-")):
        replace(TOLD, **changes)


def test_what_is_imitated_becomes_likelier_for_its_terrain(tmp_path: Path) -> None:
    inventor = open_inventor(write_inventor(tmp_path / "toy"))
    settings = replace(TOLD, rate=3e-3, kl_stop=1.0, iterations=40, kl_weight=0.0)
    learners = Learners(inventor, settings)
    optimizer = optimizer_for(learners, settings)
    terrains = torch.arange(8) % 2
    queue = Queue(settings.terrains, 1)
    queue.offer("goa b", {"left_wall": 1.0})
    queue.offer("goc d", {"right_wall": 1.0})
    best = best_of(queue, inventor, 9, torch.device("cpu"))
    losses = []
    for iteration in range(30):
        chances = chances_for(0, "test", iteration, 8, 5)
        with torch.no_grad():
            written = draw(
                learners.policy, learners.policy.terrains()[terrains], chances, inventor.end
            )
        seen = look_back(learners, terrains, written, torch.zeros(8), settings)
        losses.append(learn(learners, optimizer, seen, settings, iteration, best).queue_loss or 0.0)
    assert losses[0] > 1.5
    assert losses[-1] < 0.5
    with torch.no_grad():
        prefixes = learners.policy.terrains()[[0, 1, 0, 1]]
        tokens = best[1].tokens[[0, 0, 1, 1]]
        told = learners.policy.log_probabilities(learners.policy.hidden(prefixes, tokens))
        left, left_elsewhere, right_elsewhere, right = said(told, tokens).sum(1).tolist()
    assert left > left_elsewhere + 1
    assert right > right_elsewhere + 1
