"""Programs drawn with what was seen remembered: the same as without, and told by the terrain."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from toy_inventor import write_inventor

from ulmus.training.conditioned import Conditioned, said
from ulmus.training.inventors import Inventor, conditioned, open_inventor
from ulmus.training.rollouts import chances_for, draw

TERRAINS = ("left_wall", "right_wall", "tunnel")


def loud(model: Conditioned) -> None:
    """Weights so large that the distribution is far from flat."""
    with torch.no_grad():
        for weight in model.net.parameters():
            if weight.dim() >= 2:
                weight.mul_(8)


@pytest.fixture
def inventor(tmp_path: Path) -> Inventor:
    return open_inventor(write_inventor(tmp_path / "toy", max_tokens=40))


def both(inventor: Inventor, kind: str, vectors: int = 1) -> Conditioned:
    model = conditioned(inventor, TERRAINS, kind, vectors, 1)
    loud(model)
    return model


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("prompt", ["go", ""])
def test_log_probabilities_are_those_of_a_full_pass(
    prompt: str, temperature: float, tmp_path: Path
) -> None:
    inventor = open_inventor(write_inventor(tmp_path / "toy", prompt=prompt, max_tokens=40))
    model = both(inventor, "codes", vectors=2)
    prefixes = model.terrains()[torch.arange(30) % 3].detach()
    found = draw(model, prefixes, chances_for(1, "test", 0, 30, 40), inventor.end, temperature)
    assert len(set(found.lengths.tolist())) > 3, "no row was ever taken out"
    with torch.no_grad():
        logits = model.net.logits(model.hidden(prefixes, found.tokens)) / temperature
    full = said(logits.log_softmax(-1), found.tokens)
    there = torch.arange(found.tokens.shape[1])[None] < found.lengths[:, None]
    assert float(full[there].std()) > 0.3
    assert torch.allclose(found.log_probs[there], full[there], atol=1e-4)
    assert (found.log_probs[~there] == 0).all()
    assert (found.tokens[~there] == 0).all()


def test_a_program_ends_at_its_end_or_is_cut_off(inventor: Inventor) -> None:
    model = both(inventor, "codes")
    found = draw(
        model, model.terrains()[:1].expand(60, -1, -1), chances_for(2, "x", 0, 60, 12), inventor.end
    )
    texts = found.texts(inventor.tokenizer, inventor.prompt)
    assert {True, False} == set(found.ended.tolist())
    for tokens, length, ended, text in zip(
        found.tokens.tolist(), found.lengths.tolist(), found.ended.tolist(), texts, strict=True
    ):
        assert (tokens[length - 1] == inventor.end) == ended
        assert inventor.end not in tokens[: length - 1]
        assert (text is not None) == ended
        assert text is None or text.startswith("go")
        assert ended or length == 12


def test_what_is_drawn_follows_the_distribution(inventor: Inventor) -> None:
    model = both(inventor, "codes")
    count = 4_000
    prefix = model.terrains()[:1].detach()
    found = draw(
        model, prefix.expand(count, -1, -1), chances_for(3, "x", 0, count, 1), inventor.end
    )
    with torch.no_grad():
        told = model.log_probabilities(model.hidden(prefix, torch.zeros(1, 1, dtype=torch.long)))
    share = torch.bincount(found.tokens[:, 0], minlength=8) / count
    assert float((share - told[0, 0].exp()).abs().max()) < 0.03


def test_a_row_draws_the_same_in_any_company(inventor: Inventor) -> None:
    model = both(inventor, "codes")
    prefixes = model.terrains()[torch.arange(12) % 3].detach()
    chances = chances_for(4, "x", 0, 12, 40)
    many = draw(model, prefixes, chances, inventor.end)
    alone = draw(model, prefixes[7:8], chances[7:8], inventor.end)
    length = int(alone.lengths[0])
    assert int(many.lengths[7]) == length
    assert torch.equal(many.tokens[7, :length], alone.tokens[0])


@pytest.mark.parametrize("kind", ["codes", "picture"])
def test_the_terrain_tells_and_the_gradient_reaches_its_network(
    kind: str, inventor: Inventor
) -> None:
    model = both(inventor, kind)
    tokens = torch.tensor([[2, 3, 4, 0]] * 3)
    told = model.log_probabilities(model.hidden(model.terrains(), tokens))
    for one in (0, 1):
        assert float((told[one] - told[one + 1]).detach().abs().max()) > 1e-3
    said(told, tokens).sum().backward()
    for name, weight in model.terrains.named_parameters():
        assert weight.grad is not None, name
        assert float(weight.grad.abs().max()) > 0, name
