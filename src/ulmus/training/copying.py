"""A new network that can copy from its prompt before it has learned anything.

An edit repeats most of the line that it changes, so the first thing that a diff model has to learn
is to find that line and say it again. Networks that learn this from examples do so late (Olsson et
al. 2022, "In-context learning and induction heads", arXiv 2209.11895). The heads that do it are
known, so a new network gets them at birth, and the training only has to sharpen them
(benchmarks/copying.py; the idea of starting from weights
that resemble trained ones: Trockman and Kolter 2023, arXiv 2305.09828).

    layer 0, heads 0 to 2   look 1, 2 and 3 tokens back,
    layer 0, head 3         looks at the last mark of a line ("12|" in the prompt, "@@ 12" in an
                            edit), and each writes what it sees to units of its own;
    layer 1, heads 0 and 1  look where the same tokens went before on the line of the same number,
                            and write the token that stands there into the stream.

The marks of a line start from nearly equal embeddings. Everything is a weight like any other and
may be unlearned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ulmus.training.networks import Llama

BACK = 3
"""How far back the first layer looks."""
HEADS = BACK + 1
FINDERS = 2
"""Heads of the second layer that find and copy."""
NARROWEST = 128
"""Networks with fewer units have no room for it."""

_SPREAD = 0.02  # deviation of embeddings in a new network
_CONSTANT, _IS_MARK, _FIRST = 0, 1, 2  # units: the same for all tokens, 1 for marks, the others
_LEVEL = 0.12  # of the two units above
_REACH = 600  # tokens over which a place is found
_NEAR_LOGIT, _MARK_LOGIT, _FOUND_LOGIT = 9.0, 6.0, 25.0  # the first two for each pair of units
_WEIGHTS = (1.0, 0.8, 0.6, 0.6)  # of the three tokens before and of the line's mark in a match
_LOUDNESS = 5.0  # of what was copied, in embeddings


def can_copy(net: Llama) -> bool:
    """Tell whether there is room for the heads of this module."""
    shape = net.shape
    return shape.width >= NARROWEST and shape.heads >= HEADS and shape.layers >= 2


def teach_copying(
    net: Llama, marks: Sequence[Sequence[int]], likes: Sequence[int] = (), seed: int = 0
) -> None:
    """Set the weights of the first two layers of a new network.

    Args:
        net: With fresh weights; see `can_copy`.
        marks: For each kind of mark the tokens of line 1, 2, ...; kinds are equally long.
        likes: Tokens that name line 1, 2, ... too, but do not begin it.
        seed: Of what is random.
    """
    plan = _Plan.of(net, torch.Generator().manual_seed(seed % 2**63))
    with torch.no_grad():
        _embed(net, plan, marks, likes)
        for back in range(1, BACK + 1):
            _look_back(net, plan, back)
        _look_at_mark(net, plan)
        for head in range(FINDERS):
            _find(net, plan, head)
        net.model.norm.weight.fill_(_LOUDNESS)


@dataclass(frozen=True)
class _Plan:
    """Who has which units.

    Attributes:
        generator: Draws what is random.
        head: Units of a head.
        turns: (head / 2,), radians by which a pair of units turns from token to token.
        room: Units that each head of the first layer writes to.
        free: Units below this one are the token's own.
        view: (room, free - 2), what is seen of a token.
    """

    generator: torch.Generator
    head: int
    turns: Tensor
    room: int
    free: int
    view: Tensor

    @staticmethod
    def of(net: Llama, generator: torch.Generator) -> _Plan:
        shape = net.shape
        head, room = shape.width // shape.heads, shape.width // 9
        turns = shape.rope_theta ** (-torch.arange(0, head, 2).float() / head)
        free = shape.width - HEADS * room
        view = torch.randn(room, free - _FIRST, generator=generator) / math.sqrt(free - _FIRST)
        return _Plan(generator, head, turns, room, free, view)

    def pairs(self, low: float, high: float) -> Tensor:
        """Return the pairs of units that turn between so many radians per token."""
        return torch.nonzero((self.turns > low) & (self.turns < high)).flatten()

    def normal_level(self, *, mark: bool) -> float:
        """Return what the units of height `_LEVEL` are after the first norm."""
        own = (self.free - _FIRST) * _SPREAD**2
        width = self.free + HEADS * self.room
        return _LEVEL / math.sqrt((_LEVEL**2 * (1 + mark) + own) / width)

    def place(self, number: int) -> slice:
        """Return the units that head `number` of the first layer writes to."""
        return slice(self.free + number * self.room, self.free + (number + 1) * self.room)


def _embed(net: Llama, plan: _Plan, marks: Sequence[Sequence[int]], likes: Sequence[int]) -> None:
    """Reserve units, and let all names of a line look alike."""
    table = net.model.embed_tokens.weight
    for kind in (*marks[1:], likes):
        shift = torch.randn(table.shape[1], generator=plan.generator) * _SPREAD
        table[list(kind)] = 0.9 * table[list(marks[0][: len(kind)])] + 0.4 * shift
    table[:, plan.free :] = 0.0
    table[:, _CONSTANT] = _LEVEL
    table[:, _IS_MARK] = 0.0
    for kind in marks:
        table[list(kind), _IS_MARK] = _LEVEL


def _look_back(net: Llama, plan: _Plan, back: int) -> None:
    """The score is a sum of cosines of (distance - back) times the turn of a pair."""
    attention: Any = net.model.layers[0].self_attn
    start = (back - 1) * plan.head
    pairs = plan.pairs(0.04, 4.0)
    size = math.sqrt(_NEAR_LOGIT * math.sqrt(plan.head)) / plan.normal_level(mark=False)
    query, key = _cleared(attention, start, plan.head)
    query[pairs, _CONSTANT] = size
    key[pairs, _CONSTANT] = size * torch.cos(plan.turns[pairs] * back)
    key[pairs + plan.head // 2, _CONSTANT] = size * torch.sin(plan.turns[pairs] * back)
    _write_view(attention, plan, back - 1)


def _look_at_mark(net: Llama, plan: _Plan) -> None:
    """Only marks have a key; of several the nearest has the highest cosines."""
    attention: Any = net.model.layers[0].self_attn
    pairs = plan.pairs(0.0015, 0.5)
    levels = plan.normal_level(mark=False) * plan.normal_level(mark=True)
    size = math.sqrt(_MARK_LOGIT * math.sqrt(plan.head) / levels)
    query, key = _cleared(attention, BACK * plan.head, plan.head)
    query[pairs, _CONSTANT] = size
    key[pairs, _IS_MARK] = size
    _write_view(attention, plan, BACK)


def _write_view(attention: Any, plan: _Plan, number: int) -> None:
    start = number * plan.head
    values, out = attention.v_proj.weight, attention.o_proj.weight
    values[start : start + plan.head] = 0.0
    values[start : start + plan.room, _FIRST : plan.free] = plan.view
    out[:, start : start + plan.head] = 0.0
    out[plan.place(number), start : start + plan.room] = _SPREAD * torch.eye(plan.room)


def _find(net: Llama, plan: _Plan, head: int) -> None:
    """Match what stands here with what stood before each earlier token, and copy that token."""
    attention: Any = net.model.layers[1].self_attn
    start = head * plan.head
    query, key = _cleared(attention, start, plan.head)
    slow = plan.pairs(0.0, 0.8 / _REACH)
    rows = torch.cat((slow, slow + plan.head // 2))
    for number, weight in enumerate(_WEIGHTS):
        code = torch.randn(len(rows), plan.room, generator=plan.generator)
        code *= weight / math.sqrt(len(rows))
        key[rows, plan.place(number)] += code
        if number == 0:
            query[rows, _FIRST : plan.free] += code @ plan.view
        else:
            seen = number if number == BACK else number - 1
            query[rows, plan.place(seen)] += code
    full = plan.room * sum(weight**2 for weight in _WEIGHTS) / math.sqrt(plan.head)
    query *= math.sqrt(_FOUND_LOGIT / full)
    key *= math.sqrt(_FOUND_LOGIT / full)
    first = _FIRST + head * plan.head
    units = torch.arange(min(plan.head, plan.free - first))
    values, out = attention.v_proj.weight, attention.o_proj.weight
    values[start : start + plan.head] = 0.0
    out[:, start : start + plan.head] = 0.0
    values[start + units, first + units] = 1.0
    out[first + units, start + units] = _LOUDNESS * _SPREAD


def _cleared(attention: Any, start: int, size: int) -> tuple[Tensor, Tensor]:
    """Return the weights of queries and keys of one head, set to zero."""
    query = attention.q_proj.weight[start : start + size]
    key = attention.k_proj.weight[start : start + size]
    query.zero_()
    key.zero_()
    return query, key
