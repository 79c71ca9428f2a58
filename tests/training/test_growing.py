"""A network that has grown says what it said before, and all of it learns."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from torch import Tensor

from ulmus.errors import ConfigError
from ulmus.training.growing import grow, shape_grown
from ulmus.training.networks import Llama, Shape, shape_named

SMALL = Shape(vocabulary=50, width=24, layers=2, heads=2, inner=64, rope_theta=1e6)


def network(shape: Shape) -> Llama:
    """A network whose norms are no longer those of a new one."""
    net = Llama(shape, 3)
    draw = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(torch.randn(weight.shape, generator=draw), alpha=0.2)
    return net


def logits(net: Llama) -> Tensor:
    tokens = torch.arange(40)[None] % 50
    result: Tensor = net.logits(net.hidden(tokens, torch.arange(40)[None], torch.ones_like(tokens)))
    return result


@pytest.mark.parametrize(
    ("shape", "size"),
    [(SMALL, "tiny"), (SMALL, "1m"), (Shape(50, 24, 3, 4, 64, keys=2), "1m")],
)
def test_a_grown_network_has_the_same_logits(
    monkeypatch: pytest.MonkeyPatch, shape: Shape, size: str
) -> None:
    monkeypatch.setattr("ulmus.training.networks.SIZES", {"tiny": (40, 3, 4), "1m": (128, 7, 4)})
    net = network(shape)
    grown = grow(net, size)
    assert grown.shape.width > shape.width
    assert grown.shape.layers > shape.layers
    said = logits(net)
    assert said.std() > 0.5
    assert torch.allclose(logits(grown), said, atol=1e-4)


def test_all_weights_of_a_grown_network_learn() -> None:
    grown = grow(network(SMALL), "1m")
    course = torch.optim.SGD(grown.parameters(), lr=1e-2)
    for _ in range(3):  # first who writes, then who reads what was written
        course.zero_grad()
        logits(grown).logsumexp(-1).sum().backward()
        course.step()
    for name, weight in grown.named_parameters():
        assert weight.grad is not None
        assert (weight.grad.abs() > 0).float().mean() > 0.9, name


def test_heads_keep_their_size() -> None:
    grown = shape_grown(shape_named("3m", 1000), "12m")
    assert (grown.width, grown.heads, grown.layers, grown.inner) == (336, 7, 8, 896)


@pytest.mark.parametrize("size", ["1m", "3m"])
def test_a_size_that_is_not_larger_is_refused(size: str) -> None:
    with pytest.raises(ConfigError, match="does not grow into"):
        grow(Llama(shape_named("3m", 50)), size)
    with pytest.raises(ConfigError, match="unknown size"):
        grow(Llama(SMALL), "5m")
