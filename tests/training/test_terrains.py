"""Pictures of terrains, and the networks that make prefixes of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import numpy as np
import torch

from ulmus.errors import ConfigError
from ulmus.problems.sodarace.terrain import terrain, terrain_names
from ulmus.training.terrains import BOTTOM, LEFT, TOP, picture, terrain_network


def drawn(name: str) -> np.ndarray:
    return picture(terrain(name).polylines)


def row(y: float) -> int:
    return TOP - 1 - int(np.floor(y))


def column(x: float) -> int:
    return int(np.floor(x)) - LEFT


def test_flat_ground_is_solid_below_zero() -> None:
    image = drawn("flat")
    assert image.shape == (32, 96)
    assert image.dtype == np.float32
    assert (image[: row(0) + 1] == 0).all()
    assert (image[row(-1) :] == 1).all()
    assert row(BOTTOM) == 31


def test_walls_tunnels_and_pits_stand_where_they_are() -> None:
    wall = drawn("right_wall")
    assert (wall[:, column(25) :] == 1).all()
    assert (wall[row(0), : column(25)] == 0).all()
    tunnel = drawn("tunnel")
    assert (tunnel[row(8), column(20) :] == 1).all()
    assert (tunnel[row(7), :] == 0).all()
    assert (tunnel[row(20), column(-20) : column(20)] == 0).all()
    assert (tunnel[row(20), : column(-20)] == 1).all()
    gap = drawn("gap")
    assert (gap[row(-1), column(16) : column(19)] == 0).all()
    assert (gap[row(-1), column(19) : column(36)] == 1).all()
    assert (gap[row(-8), column(16)] == 0).all()


def test_left_and_right_are_mirrors_and_all_pictures_differ() -> None:
    assert (drawn("left_wall") == drawn("right_wall")[:, ::-1]).all()
    images = [drawn(name) for name in terrain_names()]
    for n, image in enumerate(images):
        assert all((image != other).any() for other in images[:n])


def test_a_slope_is_partly_solid() -> None:
    image = drawn("slope")
    # from (16, 0) on the ground rises by tan 8 degrees: the square of x = 20 holds 4 to 5 times that
    assert image[row(0), column(20)] == pytest.approx(4.5 * 0.14054, abs=0.05)


@pytest.mark.parametrize("kind", ["codes", "picture"])
def test_prefixes_begin_near_the_start_and_differ(kind: str) -> None:
    start = torch.linspace(-0.2, 0.2, 32)
    grounds = [terrain(name).polylines for name in ("left_wall", "right_wall", "tunnel")]
    network = terrain_network(kind, grounds, 2, start, seed=5)
    prefixes = network()
    assert prefixes.shape == (3, 2, 32)
    assert float((prefixes.detach() - start).abs().max()) < 0.15
    assert not torch.equal(prefixes[0], prefixes[1])
    assert torch.equal(prefixes, terrain_network(kind, grounds, 2, start, seed=5)())
    assert not torch.equal(prefixes, terrain_network(kind, grounds, 2, start, seed=6)())
    assert sum(weight.numel() for weight in network.parameters()) < 100_000


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ConfigError, match="picture"):
        terrain_network("pictures", [], 1, torch.zeros(4), 0)


@pytest.mark.parametrize("kind", ["codes", "picture"])
@pytest.mark.parametrize("size", [0.005, 1.0])
def test_prefixes_begin_near_the_vector_whatever_its_size(kind: str, size: float) -> None:
    grounds = [terrain(name).polylines for name in ("left_wall", "tunnel")]
    start = size * torch.randn(64, generator=torch.Generator().manual_seed(1))
    prefixes = terrain_network(kind, grounds, 1, start, seed=5)().detach()
    apart = prefixes - start
    assert 0 < float(apart.square().mean().sqrt()) < 0.5 * size
    assert not torch.equal(prefixes[0], prefixes[1])
