"""Adapters on our own networks, in the layout of peft.

LoRA (Hu et al. 2021, arXiv 2106.09685, section 4.1): the weights W stay as they are, and
W + scale B A takes their place, with A (rank, inputs) drawn as peft draws it, and B (outputs, rank)
zero at first. peft does the same on networks of transformers; here nothing is copied for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ulmus.models.adapters import Adapter
from ulmus.records import Json
from ulmus.training.networks import Llama

PREFIX = "base_model.model."
"""What peft writes before the name of a module."""


class Adapted(nn.Module):
    """A linear layer that stays as it is, and what is added to it."""

    def __init__(self, inner: nn.Linear, rank: int, scale: float):
        """Draw A as `torch.nn.Linear` does; B is zero, so nothing is added yet."""
        super().__init__()
        self.inner = inner
        self.scale = scale
        self.lora_A = nn.Parameter(torch.empty(rank, inner.in_features))
        self.lora_B = nn.Parameter(torch.zeros(inner.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs) for (..., inputs)."""
        plain = self.inner(x)
        inner = nn.functional.linear(x, self.lora_A).flatten(0, -2)
        sum_ = torch.addmm(plain.flatten(0, -2), inner, self.lora_B.t(), alpha=self.scale)
        return sum_.view_as(plain)


def adapt(net: Llama, rank: int, seed: int) -> None:
    """Put an adapter on all linear layers of a network, and freeze everything else."""
    torch.manual_seed(seed)
    net.requires_grad_(False)
    for name, layer in list(_linear(net)):
        _replace(net, name, Adapted(layer, rank, scale=2.0))


def adapt_as(net: Llama, folder: Path) -> bool:
    """Put the adapter of a folder on a network, and freeze everything else.

    Returns:
        Whether that could be done: one rank and one scale for all layers, none of them a table.

    Raises:
        ModelError: The folder holds no adapter, or one that belongs to another network.
    """
    adapter = Adapter(folder)
    layers = dict(_linear(net))
    adapter.check_targets({f"{name}.weight" for name in layers} | set(net.state_dict()), tied=True)
    found = {name: adapter.factors(f"{name}.weight", layers[name].weight.shape) for name in layers}
    kinds = {(a.shape[0], scale) for a, _, scale in filter(None, found.values())}
    if len(kinds) != 1:
        return False
    ((rank, scale),) = kinds
    net.requires_grad_(False)
    for name, factors in found.items():
        if factors is not None:
            adapted = Adapted(layers[name], rank, scale)
            with torch.no_grad():
                adapted.lora_A.copy_(torch.from_numpy(factors[0]))
                adapted.lora_B.copy_(torch.from_numpy(factors[1]))
            _replace(net, name, adapted)
    return True


def adapter_config(net: Llama, base: str) -> dict[str, Json]:
    """Return adapter_config.json; `base` is what the adapter belongs to."""
    names = dict(_adapted(net))
    first = next(iter(names.values()))
    rank = first.lora_A.shape[0]
    short = {name.rpartition(".")[2] for name in names}
    left = [name for name, _ in _linear(net) if name.rpartition(".")[2] in short]
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "inference_mode": True,
        "r": rank,
        "lora_alpha": first.scale * rank,
        "lora_dropout": 0.0,
        "target_modules": [*sorted(names if left else short)],
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "use_rslora": False,
    }


def adapter_weights(net: Llama) -> dict[str, Tensor]:
    """Return the factors by the names that peft gives them."""
    return {
        f"{PREFIX}{name}.lora_{letter}.weight": getattr(layer, f"lora_{letter}")
        for name, layer in _adapted(net)
        for letter in "AB"
    }


def _linear(net: Llama) -> Iterator[tuple[str, nn.Linear]]:
    """Yield the layers that are not adapted, with their names."""
    for name, layer in net.named_modules():
        if isinstance(layer, nn.Linear) and not name.endswith(".inner"):
            yield name, layer


def _adapted(net: Llama) -> Iterator[tuple[str, Adapted]]:
    for name, layer in net.named_modules():
        if isinstance(layer, Adapted):
            yield name, layer


def _replace(net: nn.Module, name: str, layer: Any) -> None:
    parent, _, last = name.rpartition(".")
    setattr(net.get_submodule(parent), last, layer)
