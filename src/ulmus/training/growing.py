"""A network grows into a larger one that says the same, and learns on from there.

A large network sees few programs per hour. One that was small while it learned what is common, and
grew afterwards, has seen more of them in the same time (Chen et al. 2016, "Net2Net",
arXiv 1511.05641; for transformers Wang et al. 2024, "LEMON", arXiv 2310.07999). What is new reads
from the first step on but writes nothing yet:

    units of a layer, heads   are drawn like those of a new network; their outputs weigh nothing,
    units of the stream       hold nothing, since nobody writes to them; they are read at random,
    blocks                    stand behind the block that they are a copy of, and write nothing.

Norms divide by the mean over all units of the stream, of which the new ones are zero, so their
weights and epsilon make up for it. Heads keep their size, or positions would turn otherwise.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ulmus.errors import ConfigError
from ulmus.training.networks import Llama, Shape, inner_of, shape_named

_WRITERS = ("o_proj.weight", "down_proj.weight")


def grow(net: Llama, size: str, seed: int = 0) -> Llama:
    """Return a network of about a named size that gives the logits of a smaller one.

    Args:
        net: The small one; it stays as it is.
        size: See `ulmus.training.networks.SIZES`. The width is rounded to whole heads of the size
            that `net` has: 3m grows into a 12m with 336 units in 7 heads instead of 320 in 5.
        seed: Of the new weights.

    Raises:
        ConfigError: An unknown size, or one that is not larger in width and no smaller in depth.
    """
    old, new = net.shape, shape_grown(net.shape, size)
    grown = Llama(new, seed)
    before, after = net.state_dict(), grown.state_dict()
    with torch.no_grad():
        for name, weight in after.items():
            source, is_copy = _source(name, old, new)
            _fill(name, weight, before[source], is_copy, old.width / new.width)
    return grown


def shape_grown(old: Shape, size: str) -> Shape:
    """Return the shape that a network of a shape grows into; see `grow`."""
    wanted = shape_named(size, old.vocabulary, old.context)
    head, sharers = old.width // old.heads, old.sharers
    heads = max(1, round(wanted.width / head / sharers)) * sharers
    width = heads * head
    inner = inner_of(width)
    if width <= old.width or wanted.layers < old.layers or inner < old.inner:
        raise ConfigError(
            f"a network with {old.width} units in {old.layers} blocks does not grow into {size}, "
            f"with {width} in {wanted.layers}; name a larger size"
        )
    return replace(
        old, width=width, layers=wanted.layers, heads=heads, inner=inner,
        keys=heads // sharers, epsilon=old.epsilon * old.width / width,
    )  # fmt: skip


def _source(name: str, old: Shape, new: Shape) -> tuple[str, bool]:
    """Return the weight that one grows from, and whether it belongs to a copy of a block."""
    parts = name.split(".")
    if "layers" not in parts:
        return name, False
    at = parts.index("layers") + 1
    layer = int(parts[at])
    origin = layer * old.layers // new.layers
    is_copy = layer > 0 and (layer - 1) * old.layers // new.layers == origin
    parts[at] = str(origin)
    return ".".join(parts), is_copy


def _fill(name: str, weight: Tensor, origin: Tensor, is_copy: bool, share: float) -> None:
    """Set one weight of the grown network, which holds what was drawn for it.

    Args:
        name: Of the weight.
        weight: Is changed in place.
        origin: What it grows from.
        is_copy: It belongs to a block that must add nothing.
        share: Of the stream's units that are old.
    """
    if weight.dim() == 1:  # of a norm
        weight.fill_(float(origin.mean()) * math.sqrt(share))
        weight[: len(origin)] = origin * math.sqrt(share)
        return
    if name.endswith(_WRITERS) or "embed_tokens" in name:
        weight.zero_()
    if not (is_copy and name.endswith(_WRITERS)):
        weight[: origin.shape[0], : origin.shape[1]] = origin
