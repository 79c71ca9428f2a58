"""Programs drawn from a conditioned model, many at once, with what each of them saw remembered.

The keys and values of what has been written are kept, so that a new token costs one pass over
itself and not over all before it (`benchmarks/generation.py`). All rows have an equally long
opening and grow in step; rows that have ended are taken out now and then. What a row draws depends
on its own random numbers only, so it is the same in any company, up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from ulmus.seeding import derive
from ulmus.training.conditioned import Conditioned, said

TIDY_EVERY = 8
"""Tokens between two looks for rows that have ended."""


@dataclass(frozen=True)
class Rollouts:
    """Programs with the probability of each token under the model that drew them.

    Attributes:
        tokens: (programs, length), the token that ends a program included, 0 behind it.
        log_probs: (programs, length), of the distribution that was drawn from, 0 behind the end.
        lengths: (programs,), tokens of each.
        ended: (programs,), the program came to its end; else it was cut off.
    """

    tokens: Tensor
    log_probs: Tensor
    lengths: Tensor
    ended: Tensor

    def to(self, device: torch.device) -> Rollouts:
        """Return the same on another device."""
        return Rollouts(*(getattr(self, one.name).to(device) for one in fields(self)))

    def texts(self, tokenizer: Tokenizer, prompt: str) -> list[str | None]:
        """Return the programs from their first line on; None for one that was cut off."""
        rows = [
            row[: length - 1] if ended else None
            for row, length, ended in zip(
                self.tokens.tolist(), self.lengths.tolist(), self.ended.tolist(), strict=True
            )
        ]
        return [
            None if row is None else prompt + tokenizer.decode(row, skip_special_tokens=False)
            for row in rows
        ]


class Remembered:
    """Keys and values of one block, for all that its rows have seen."""

    def __init__(self, like: Tensor, heads: int, room: int):
        """Make room for so many places of each row; `like` is (rows, places, width)."""
        rows, _, width = like.shape
        self._keys = like.new_empty(rows, heads, room, width // heads)
        self._values = torch.empty_like(self._keys)
        self._length = 0

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Add places to what is remembered, the opening at once or one by one; mix values."""
        opening, end = self._length == 0, self._length + key.shape[2]
        self._keys[:, :, self._length : end] = key
        self._values[:, :, self._length : end] = value
        self._length = end
        keys, values = self._keys[:, :, :end], self._values[:, :, :end]
        return F.scaled_dot_product_attention(query, keys, values, is_causal=opening)

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these."""
        self._keys, self._values = self._keys[rows], self._values[rows]


@torch.no_grad()
def draw(
    model: Conditioned, prefixes: Tensor, chances: Tensor, end: int, temperature: float = 1.0
) -> Rollouts:
    """Draw one program per row.

    Args:
        model: What writes.
        prefixes: (rows, vectors, width), for what each row writes.
        chances: (rows, most tokens), uniform in [0, 1): the choice of each token.
        end: The token that ends a program.
        temperature: Divides the logits, above 0; `log_probs` are those of what was drawn from.
    """
    rows, most = chances.shape
    tokens = torch.zeros(rows, most, dtype=torch.long, device=prefixes.device)
    log_probs = torch.zeros(rows, most, device=prefixes.device)
    lengths = torch.full((rows,), most, device=prefixes.device)
    ended = torch.zeros(rows, dtype=torch.bool, device=prefixes.device)
    opening = model.opening(prefixes)
    shape, first = model.net.shape, opening.shape[1]
    memory = [Remembered(opening, shape.heads, first + most) for _ in range(shape.layers)]
    alive = torch.arange(rows, device=prefixes.device)
    units = model.through(opening, 0, memory)[:, -1]
    for place in range(most):
        logits = model.net.logits(units).float() / temperature
        choice, log_prob = _choose(logits.log_softmax(-1), chances[alive, place])
        going = ~ended[alive]
        tokens[alive, place] = choice * going
        log_probs[alive, place] = log_prob * going
        done = alive[going & (choice == end)]
        lengths[done], ended[done] = place + 1, True
        if place + 1 == most or bool(ended.all()):
            break
        if place % TIDY_EVERY == TIDY_EVERY - 1 and bool((~going).any()):
            (rest,) = (~ended[alive]).nonzero(as_tuple=True)
            alive, choice = alive[rest], choice[rest]
            for block in memory:
                block.keep(rest)
        stream = model.net.embedded(choice)[:, None]
        units = model.through(stream, first + place, memory)[:, -1]
    longest = int(lengths.max())
    return Rollouts(tokens[:, :longest], log_probs[:, :longest], lengths, ended)


def _choose(log_probabilities: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """Choose the token at which the summed probabilities pass the chance, (rows,) each."""
    sums = log_probabilities.exp().cumsum(-1)
    marks = (chances.to(sums.dtype) * sums[:, -1])[:, None]
    choice = torch.searchsorted(sums, marks, right=True).squeeze(-1)
    choice = choice.clamp(max=sums.shape[-1] - 1)  # a chance just below 1, rounded
    return choice, said(log_probabilities, choice)


def chances_for(seed: int, purpose: str, batch: int, rows: int, most: int) -> Tensor:
    """Return the random numbers of a batch, (rows, most); each row has an address of its own."""
    found = torch.empty(rows, most)
    for row in range(rows):
        draws = torch.Generator().manual_seed(derive(seed, purpose, batch, row) % 2**63)
        torch.rand(most, generator=draws, out=found[row])
    return found
