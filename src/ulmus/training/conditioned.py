"""A language model behind a prefix that says for which terrain it writes, and a judge beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ulmus.training.networks import LeftToRight, Llama, Plan
from ulmus.training.terrains import TerrainNetwork


class Conditioned(nn.Module):
    """p(program | terrain): the terrain's vectors, then the prompt, then the program."""

    def __init__(self, net: Llama, terrains: TerrainNetwork, prompt: Sequence[int]):
        """Put them together.

        Args:
            net: The language model.
            terrains: Its terrain network; vectors are as wide as the model's tokens.
            prompt: Tokens of the fixed first lines; may be none.
        """
        super().__init__()
        self.net = net
        self.terrains = terrains
        self.prompt: Tensor
        self.register_buffer("prompt", torch.tensor(prompt, dtype=torch.long), persistent=False)

    def opening(self, prefixes: Tensor) -> Tensor:
        """Return what stands before the programs, (rows, vectors + prompt, width)."""
        prompt = self.net.embedded(self.prompt)
        return torch.cat((prefixes, prompt.expand(len(prefixes), -1, -1)), 1)

    def hidden(self, prefixes: Tensor, tokens: Tensor) -> Tensor:
        """Return the units from which each token of the programs is told.

        Args:
            prefixes: (rows, vectors, width).
            tokens: (rows, length), programs, padded behind.

        Returns:
            (rows, length, width); place t has seen the prefix, the prompt and tokens before t.
        """
        opening = self.opening(prefixes)
        stream = torch.cat((opening, self.net.embedded(tokens[:, :-1])), 1)
        units = self.through(stream, 0, [LeftToRight()] * self.net.shape.layers)
        return units[:, opening.shape[1] - 1 :]

    def through(self, stream: Tensor, first: int, plans: Sequence[Plan]) -> Tensor:
        """Return the last units of vectors of which the first stands at place `first`."""
        places = torch.arange(first, first + stream.shape[1], device=stream.device)
        return self.net.through(stream, places[None], plans)

    def log_probabilities(self, units: Tensor) -> Tensor:
        """Return the logarithms of what may come next, (..., vocabulary) for (..., width)."""
        return self.net.logits(units).float().log_softmax(-1)


class Judge(nn.Module):
    """The value network: a language model of its own that foresees the return at each token."""

    def __init__(self, model: Conditioned):
        """Take a model; its values are 0 until it learns."""
        super().__init__()
        self.model = model
        self.value = nn.Linear(model.net.shape.width, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)

    def values(self, prefixes: Tensor, tokens: Tensor) -> Tensor:
        """Return (rows, length): what is still to come before each token; see `hidden`."""
        result: Tensor = self.value(self.model.hidden(prefixes, tokens)).squeeze(-1)
        return result


def said(log_probabilities: Tensor, tokens: Tensor) -> Tensor:
    """Pick what was said: (..., vocabulary) and (...) give (...)."""
    return log_probabilities.gather(-1, tokens[..., None]).squeeze(-1)
