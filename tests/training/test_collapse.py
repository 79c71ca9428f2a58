"""What is watched in stage 3: a policy that ignores the terrain is told from one that heeds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from toy_inventor import write_inventor

from ulmus.training import collapse, experience
from ulmus.training.collapse import Iteration, Sample
from ulmus.training.conditional import Settings, train
from ulmus.training.conditioned import Conditioned, said
from ulmus.training.experience import terrain_kl
from ulmus.training.inventors import conditioned, open_inventor
from ulmus.training.rollouts import Rollouts, chances_for, draw

TERRAINS = ("left_wall", "right_wall", "tunnel")
THREE = torch.arange(36) % 3


def policy_of(folder: Path, kind: str = "codes", terrains: Sequence[str] = TERRAINS) -> Conditioned:
    """A toy of firm opinions on what comes next."""
    inventor = open_inventor(write_inventor(folder, max_tokens=40))
    with torch.no_grad():
        for weight in inventor.net.parameters():
            if weight.dim() >= 2:
                weight.mul_(8)
    return conditioned(inventor, terrains, kind, 2, 1)


def written(policy: Conditioned, terrains: torch.Tensor) -> Rollouts:
    prefixes = policy.terrains()[terrains].detach()
    return draw(policy, prefixes, chances_for(1, "test", 0, len(terrains), 20), 0)


def test_a_policy_that_ignores_the_terrain_is_nought_apart(tmp_path: Path) -> None:
    policy = policy_of(tmp_path / "toy")
    with torch.no_grad():
        policy.terrains.codes.copy_(policy.terrains.codes[:1].clone())  # type: ignore[union-attr]
    rollouts = written(policy, THREE)
    texts = {tuple(row) for row in rollouts.tokens.tolist()}
    assert len(texts) > 30, "counting texts sees no collapse"
    found = terrain_kl(policy, THREE, rollouts)
    assert found == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("kind", ["codes", "picture"])
def test_one_that_heeds_it_is_as_far_apart_as_its_probabilities(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experience, "MICRO_TOKENS", 60)  # several parts
    policy = policy_of(tmp_path / "toy", kind)
    weight = policy.terrains.get_parameter("codes" if kind == "codes" else "leave.weight")
    with torch.no_grad():
        weight.add_(5 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    rollouts = written(policy, THREE)
    differences = []
    for row in range(32):
        own = row % 3
        other = (own + (1, 2)[row // 3 % 2]) % 3
        tokens = rollouts.tokens[row : row + 1, : int(rollouts.lengths[row])]
        with torch.no_grad():
            pair = [
                said(policy.log_probabilities(policy.hidden(prefix[None], tokens)), tokens).sum()
                for prefix in (policy.terrains()[own], policy.terrains()[other])
            ]
        differences.append(float(pair[0] - pair[1]))
    found = terrain_kl(policy, THREE, rollouts)
    assert found == pytest.approx(sum(differences) / 32, abs=1e-2)
    assert found > (2 if kind == "codes" else collapse.ALIKE)  # three pictures are much alike


def test_with_one_terrain_there_is_nothing_to_heed(tmp_path: Path) -> None:
    policy = policy_of(tmp_path / "toy", terrains=TERRAINS[:1])
    alone = torch.zeros(4, dtype=torch.long)
    assert terrain_kl(policy, alone, written(policy, alone)) is None


def test_warnings_say_what_looks_like_a_collapse() -> None:
    samples = [Sample(name, f"{name} {k}", 1.0) for name in TERRAINS for k in range(20)]
    fine = collapse.by_terrain(samples, TERRAINS, {})

    def warned(iteration: int, terrain_kl: float | None, shared: float = 0.0) -> list[str]:
        return collapse.warnings_of(iteration, fine, shared, terrain_kl)

    assert warned(31, 0.6) == warned(31, None) == warned(30, 0.1) == []
    assert warned(31, 0.1) == [
        "the terrain hardly matters: a program is 1.11 times as likely for its own terrain as for "
        "another"
    ]
    assert warned(1, None, 0.6) == ["60% of the programs were written for several terrains"]
    one = [Sample("tunnel", "same", None) for _ in range(20)]
    found = collapse.warnings_of(1, collapse.by_terrain(one, ("tunnel",), {}), 0.0, None)
    assert found == ["tunnel: only 1 different programs of 20", "tunnel: no valid program"]


def test_texts_that_were_written_for_two_terrains_are_shared() -> None:
    samples = [Sample("a", "x", 1.0), Sample("b", "x", 1.0), Sample("a", "y", 1.0), Sample("b", None, None)]  # fmt: skip
    assert collapse.shared(samples) == 0.5


def test_a_training_whose_terrains_all_want_the_same_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collapse, "FIRST_ITERATIONS", 2)
    settings = Settings(
        terrains=TERRAINS[:2], samples=16, iterations=4, minibatches=2, judged=2, temperature=1.0,
        max_tokens=5, rate=1e-4, terrain_rate=1e-4,
    )  # fmt: skip
    told: list[Iteration] = []
    inventor = write_inventor(tmp_path / "inventor")
    train(
        inventor, lambda pairs: [float(len(program)) for program, _ in pairs], settings,
        tmp_path / "out", observe=told.append,
    )  # fmt: skip
    assert all(one.terrain_kl is not None and abs(one.terrain_kl) < 0.1 for one in told)
    assert [len(one.warnings) for one in told] == [0, 0, 1, 1]  # nothing else shows it
    assert "terrain hardly matters" in told[-1].warnings[0]
