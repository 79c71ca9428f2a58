"""Attention in steps is attention, bfloat16 changes little, and a Llama is a Llama."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from torch import Tensor

from ulmus.training import networks
from ulmus.training.batches import RowLoss, side_by_side
from ulmus.training.networks import Llama, Shape, trains_here
from ulmus.training.rows import Row

CPU = torch.device("cpu")
LENGTHS = [(7,), (32,), (33, 70), (5, 64, 1, 100)]


def heads(length: int, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(1, 3, length, 8, dtype=torch.float64)


@pytest.mark.parametrize("prompt", [0, 1, 31, 32, 75])
@pytest.mark.parametrize("texts", LENGTHS)
def test_attention_in_steps_is_that_without(
    monkeypatch: pytest.MonkeyPatch, texts: tuple[int, ...], prompt: int
) -> None:
    monkeypatch.setattr(networks, "BLOCK", 48)
    lengths = (prompt, *texts)
    parts = torch.tensor([[n for n, size in enumerate(lengths) for _ in range(size)]])
    query, key, value = (heads(sum(lengths), seed).requires_grad_() for seed in (1, 2, 3))
    slopes = []
    for look in (networks._look, networks._look_in_steps):
        monkeypatch.setattr(networks, "_look", look)
        mixed = networks.attend_by_parts(query, key, value, lengths)
        slopes.append((mixed, *torch.autograd.grad(mixed.square().sum(), (query, key, value))))
    masked = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, networks.allowed_pairs(parts)[:, None]
    )
    assert torch.allclose(slopes[0][0], masked)
    for plain, stepped in zip(*slopes, strict=True):
        assert torch.allclose(plain, stepped)


def row_of(lengths: list[int], seed: int) -> Row:
    """Make a row of a prompt and edits, whose last ten tokens are judged."""
    torch.manual_seed(seed)
    size = sum(lengths)
    parts = [n for n, length in enumerate(lengths) for _ in range(length)]
    places = [*range(lengths[0]), *(lengths[0] + k for n in lengths[1:] for k in range(n))]
    tokens = torch.randint(0, 50, (size,)).tolist()
    judged = list(range(size - 10, size - 1))
    return Row(tokens, places, parts, judged, [tokens[k + 1] for k in judged], [1.0] * 9)


@pytest.mark.parametrize("keys", [None, 1])
@pytest.mark.parametrize("lengths", [[0, 40, 61, 30], [75, 33, 50]])
def test_bfloat16_has_nearly_the_gradient_of_float32(
    lengths: list[int], keys: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Llama(Shape(50, 64, 2, 4, 96, keys=keys), seed=1)
    row, losing = row_of(lengths, 5), RowLoss(net)
    lengths_seen: list[int] = []
    through = Llama.through

    def watched(self: Llama, stream: Tensor, *more: Any) -> Tensor:
        lengths_seen.append(stream.shape[1])
        return through(self, stream, *more)

    monkeypatch.setattr(Llama, "through", watched)

    def gradient(quick: bool) -> tuple[float, Tensor]:
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            loss = losing(*side_by_side([row], 9.0, CPU).parts_of())
        loss.backward()
        return loss.item(), torch.cat([w.grad.flatten() for w in net.parameters()])

    loss, slope = gradient(False)
    quick_loss, quick_slope = gradient(True)
    assert lengths_seen == [sum(lengths), -(-sum(lengths) // 64) * 64]
    assert quick_loss == pytest.approx(loss, rel=2e-3)
    assert torch.cosine_similarity(slope, quick_slope, 0) > 0.999


def test_shared_keys_are_those_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    shape = Shape(40, 48, 2, 6, 64, context=128, keys=2)
    net = Llama(shape, seed=2)
    config = transformers.LlamaConfig(**shape.config(0))
    assert trains_here(json.loads(config.to_json_string()))
    assert Shape.from_config(shape.config(0)) == shape
    other = transformers.LlamaForCausalLM(config)
    missing = other.load_state_dict(net.state_dict(), strict=False)
    assert missing.missing_keys == ["lm_head.weight"]
    tokens = torch.randint(0, 40, (1, 30))
    places = torch.arange(30)[None]
    with torch.no_grad():
        ours = net.logits(net.hidden(tokens, places, torch.zeros_like(tokens)))
        theirs = other(tokens).logits
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "mistral"}, {"num_key_value_heads": 4}, {"tie_word_embeddings": False},
        {"attention_bias": True}, {"head_dim": 16}, {"rope_parameters": {"rope_type": "yarn"}},
    ],
)  # fmt: skip
def test_other_architectures_are_left_to_transformers(change: dict[str, Any]) -> None:
    config = Shape(40, 48, 2, 6, 64).config(0)
    assert trains_here(config)
    assert not trains_here({**config, **change})
