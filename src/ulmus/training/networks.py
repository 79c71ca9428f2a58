"""Small Llama networks in plain torch, and the attention of edits that share one prompt.

A row is one prompt followed by several edits of it. Edits see the prompt and themselves, never
each other, and each one's positions go on where the prompt ends, so a row says exactly what its
edits would say one by one and costs the prompt only once. A row without a prompt holds whole texts,
each of which sees only itself.

The names of the weights are those of Hugging Face's Llama, so the file of a trained network loads
there as it is. Written here and not taken from transformers because three things pay on a CPU:
attention that skips the pairs that the mask forbids (`attend_by_parts`), no graph of wrappers
around layers of 192 units, and lengths in steps where it multiplies in bfloat16 (`ROW_STEP`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ulmus.errors import ConfigError, unknown_name
from ulmus.records import Json


@dataclass(frozen=True)
class Shape:
    """The shape of a Llama network.

    Attributes:
        vocabulary: Number of tokens.
        width: Units per token, a multiple of `heads`.
        layers: Number of blocks.
        heads: Attention heads.
        inner: Units of the gated layer.
        context: Longest text, in tokens.
        rope_theta: Base of the rotary positions.
        epsilon: Of the normalisation.
        keys: Heads of keys and values, each looked at by as many heads; None: one for each head.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner: int
    context: int = 2048
    rope_theta: float = 10_000.0
    epsilon: float = 1e-5
    keys: int | None = None

    @property
    def sharers(self) -> int:
        """Heads that look at the same keys."""
        return self.heads // (self.keys or self.heads)

    def config(self, end_token: int) -> dict[str, Json]:
        """Return config.json of a model folder."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocabulary,
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.keys or self.heads,
            "head_dim": self.width // self.heads,
            "intermediate_size": self.inner,
            "max_position_embeddings": self.context,
            "rope_theta": self.rope_theta,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_theta},
            "rms_norm_eps": self.epsilon,
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": end_token,
            "torch_dtype": "float16",
            "use_cache": True,
        }

    @staticmethod
    def from_config(config: dict[str, Json]) -> Shape:
        """Read config.json of a model that this file can train; see `trains_here`."""
        rope = config.get("rope_parameters")
        theta = config.get("rope_theta") or (
            rope.get("rope_theta") if isinstance(rope, dict) else None
        )

        def number(key: str) -> int:
            value = config[key]
            assert isinstance(value, int)
            return value

        return Shape(
            vocabulary=number("vocab_size"),
            width=number("hidden_size"),
            layers=number("num_hidden_layers"),
            heads=number("num_attention_heads"),
            inner=number("intermediate_size"),
            context=number("max_position_embeddings"),
            rope_theta=float(theta if isinstance(theta, int | float) else 10_000.0),
            epsilon=float(str(config["rms_norm_eps"])),
            keys=number("num_key_value_heads") if "num_key_value_heads" in config else None,
        )


ROW_STEP, TEXT_STEP = 64, 32
"""In bfloat16 a CPU's library writes a kernel of its own for each shape that it multiplies, which
costs more than the product; rows and texts are filled up to multiples of these, so that shapes come
again (`benchmarks/precision.py`)."""

BLOCK = 512
"""Tokens that look at what stands before them at once; a longer text goes block by block."""

ROPE_THETA = 1e6
"""Of new networks; so high that half of a head's units hardly turn, and tell what stands where."""

SIZES = {
    "tiny": (32, 2, 2),  # for tests
    "0.1m": (64, 2, 4),  # paper, Table 1
    "1m": (128, 4, 4),
    "3m": (192, 6, 4),
    "12m": (320, 8, 5),
    "33m": (512, 10, 8),
    "85m": (768, 12, 12),  # paper, Table 1
    "300m": (1024, 24, 16),  # paper, Table 1
    "680m": (1536, 24, 16),  # paper, Table 1
}
"""Width, layers and heads. The names count the weights with a vocabulary of 4,096 to 8,192; those
of the paper's table count them as it does, without the embeddings."""


def shape_named(size: str, vocabulary: int, context: int = 2048) -> Shape:
    """Return the shape of that name.

    Raises:
        ConfigError: There is no such size.
    """
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    width, layers, heads = SIZES[size]
    return Shape(vocabulary, width, layers, heads, inner_of(width), context, ROPE_THETA)


def inner_of(width: int) -> int:
    """Return the units of the gated layer of a new network: 8/3 of the width, in steps of 32."""
    return math.ceil(width * 8 / 3 / 32) * 32


def trains_here(config: dict[str, Json]) -> bool:
    """Tell whether `Llama` below is the network that a config.json describes."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type", "default") if isinstance(rope, dict) else "default"
    heads, width = config.get("num_attention_heads"), config.get("hidden_size")
    keys = config.get("num_key_value_heads", heads)
    return (
        config.get("model_type") == "llama"
        and kind == "default"
        and config.get("tie_word_embeddings") is True
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and isinstance(heads, int)
        and isinstance(keys, int)
        and heads % keys == 0
        and isinstance(width, int)
        and config.get("head_dim", width // heads) == width // heads
    )


class Llama(nn.Module):
    """Decoder with rotary positions, RMS norms, gated units and tied embeddings."""

    def __init__(self, shape: Shape, seed: int = 0):
        """Draw the weights from `seed` alone, on the CPU, so that they are the same everywhere."""
        super().__init__()
        if shape.width % (2 * shape.heads):
            raise ConfigError(f"{shape.width} units cannot be shared by {shape.heads} heads")
        self.shape = shape
        self.model = _Body(shape)
        self._draw(torch.Generator().manual_seed(seed % 2**63))

    def _draw(self, generator: torch.Generator) -> None:
        """Normal, deviation 0.02; what writes to the stream is scaled by depth, as in GPT-2."""
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                continue
            deviation = 0.02
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                deviation /= math.sqrt(2 * self.shape.layers)
            nn.init.normal_(weight, 0.0, deviation, generator=generator)

    def hidden(self, tokens: Tensor, positions: Tensor, parts: Tensor) -> Tensor:
        """Return the last layer's units.

        Args:
            tokens: (rows, length), token ids.
            positions: (rows, length), position of each token in the text that it belongs to.
            parts: (rows, length), 0 for the prompt if there is one, 1, 2, ... for its edits or
                for texts that share nothing, -1 for padding.

        Returns:
            (rows, length, width).
        """
        length = tokens.shape[1]
        if _in_bfloat16(tokens.device):
            tokens, positions = (_filled(x, 1, ROW_STEP, 0) for x in (tokens, positions))
            parts = _filled(parts, 1, ROW_STEP, -1)
        plans = [_Plan.of(parts)] * self.shape.layers
        return self.through(self.embedded(tokens), positions, plans)[:, :length]

    def embedded(self, tokens: Tensor) -> Tensor:
        """Return (..., width) for token ids."""
        result: Tensor = self.model.embed_tokens(tokens)
        return result

    def through(self, stream: Tensor, positions: Tensor, plans: Sequence[Plan]) -> Tensor:
        """Return the last layer's units for vectors, which need not be those of tokens.

        Args:
            stream: (rows, length, width), what stands at each place.
            positions: (rows or 1, length), position of each place in its text.
            plans: One per block: who looks at what.

        Returns:
            (rows, length, width).
        """
        body, shape = self.model, self.shape
        turns = rotations(positions, shape.width // shape.heads, shape.rope_theta)
        if _in_bfloat16(stream.device):
            turns = turns[0].bfloat16(), turns[1].bfloat16()
        for block, plan in zip(body.layers, plans, strict=True):
            stream = block(stream, turns, plan)
        result: Tensor = body.norm(stream)
        return result

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., vocabulary) for (..., width)."""
        return F.linear(hidden, self.model.embed_tokens.weight)


class _Body(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, shape.epsilon)


class _Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.self_attn = _Attention(shape)
        self.mlp = _Gated(shape)
        self.input_layernorm = nn.RMSNorm(shape.width, shape.epsilon)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, shape.epsilon)

    def forward(self, stream: Tensor, turns: tuple[Tensor, Tensor], plan: Plan) -> Tensor:
        stream = stream + self.self_attn(_once(self.input_layernorm(stream)), turns, plan)
        result: Tensor = stream + self.mlp(_once(self.post_attention_layernorm(stream)))
        return result


class _Gated(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return result


class _Attention(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.size, self.sharers = shape.width // shape.heads, shape.sharers
        narrow = shape.width // shape.sharers
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(shape.width, units, bias=False)
            for units in (shape.width, narrow, narrow, shape.width)
        )

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor], plan: Plan) -> Tensor:
        rows, length, width = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(rows, length, -1, self.size).transpose(1, 2)

        query, key = rotate(split(self.q_proj(x)), turns), rotate(split(self.k_proj(x)), turns)
        value = split(self.v_proj(x))
        if self.sharers > 1:
            key, value = (y.repeat_interleave(self.sharers, 1) for y in (key, value))
        mixed = plan.attend(query, key, value)
        result: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(rows, length, width))
        return result


def rotations(positions: Tensor, size: int, theta: float) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the rotary positions, (rows, 1, length, size) each."""
    steps = torch.arange(0, size, 2, device=positions.device, dtype=torch.float32)
    angles = positions[:, None, :, None].float() * theta ** (-steps / size)
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Turn (rows, heads, length, size) by its positions; pairs are (i, i + size / 2)."""
    first, second = x.chunk(2, -1)
    cosines, sines = turns
    return (x * cosines + torch.cat((-second, first), -1) * sines).to(x.dtype)


def allowed_pairs(parts: Tensor) -> Tensor:
    """Return the mask of a row, True where a token may look at another one.

    Args:
        parts: (rows, length) as in `Llama.hidden`.

    Returns:
        (rows, length, length), [row, who looks, at what]: earlier tokens and itself, if they are of
        the prompt or of the same edit.
    """
    length = parts.shape[1]
    before = torch.ones(length, length, dtype=torch.bool, device=parts.device).tril()
    same = (parts[:, None, :] == 0) | (parts[:, None, :] == parts[:, :, None])
    return before & same


class Plan(Protocol):
    """Who looks at what in one block."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Mix values; all are (rows, heads, length, size)."""
        ...


class LeftToRight:
    """Each row is one text. What pads it stands behind it, where no token of it looks."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Mix what stands before and at each place."""
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)


@dataclass(frozen=True)
class _Plan:
    """How a batch of rows attends: by one mask, or by parts where that is cheaper."""

    mask: Tensor | None
    lengths: tuple[int, ...]

    @staticmethod
    def of(parts: Tensor) -> _Plan:
        """On a CPU one row is taken apart; many rows, or a GPU, use the mask."""
        if parts.shape[0] > 1 or parts.device.type != "cpu":
            return _Plan(allowed_pairs(parts)[:, None], ())
        lengths = torch.unique_consecutive(parts[0], return_counts=True)[1].tolist()
        if int(parts[0, 0]) > 0:  # no prompt, only texts
            lengths = [0, *lengths]
        return _Plan(None, tuple(lengths))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if self.mask is not None:
            return F.scaled_dot_product_attention(query, key, value, self.mask)
        return attend_by_parts(query, key, value, self.lengths)


def attend_by_parts(query: Tensor, key: Tensor, value: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Attend within one row whose first part is the prompt and whose others are its edits.

    The same as with the mask of `allowed_pairs`, without the work for pairs that it forbids: with
    16 edits of 45 tokens after a prompt of 260 a quarter of the pairs is left.

    Args:
        query, key, value: (1, heads, sum of `lengths`, size).
        lengths: Tokens of the prompt, 0 if there is none, and of each edit.
    """
    queries, keys, values = (torch.split(x, list(lengths), 2) for x in (query, key, value))
    look = _look_in_steps if query.dtype == torch.bfloat16 else _look
    if not lengths[0]:
        return _joined([look(*one) for one in zip(queries[1:], keys[1:], values[1:], strict=True)])
    prompt = keys[0], values[0]
    mixed = [look(queries[0], *prompt)]
    for one in zip(queries[1:], keys[1:], values[1:], strict=True):
        mixed.append(look(*one, *prompt))
    return _joined(mixed)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)


def _look(
    query: Tensor, key: Tensor, value: Tensor,
    prompt_key: Tensor | None = None, prompt_value: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Let a text look at itself from left to right, and at all of a prompt before it."""
    if prompt_key is None or prompt_value is None:
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    size, before = query.shape[2], prompt_key.shape[2]
    mask = torch.ones(size, before + size, dtype=torch.bool).tril(before)
    seen, known = torch.cat((prompt_key, key), 2), torch.cat((prompt_value, value), 2)
    return F.scaled_dot_product_attention(query, seen, known, mask)


def _look_in_steps(
    query: Tensor, key: Tensor, value: Tensor,
    prompt_key: Tensor | None = None, prompt_value: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Do the same as `_look`, with lengths in steps and by plain products, faster in bfloat16."""
    length = query.shape[2]
    query, key, value = (_filled(x, 2, TEXT_STEP) for x in (query, key, value))
    prompt = 0
    if prompt_key is not None and prompt_value is not None:
        before, after = (_filled(x, 2, TEXT_STEP) for x in (prompt_key, prompt_value))
        prompt = prompt_key.shape[2]
        key, value = torch.cat((before, key), 2), torch.cat((after, value), 2)
    size, offset = query.shape[2], key.shape[2] - query.shape[2]
    query = query / math.sqrt(query.shape[3])
    mixed = []
    for first in range(0, size, BLOCK):
        last = min(size, first + BLOCK)
        scores = query[:, :, first:last] @ key[:, :, : offset + last].transpose(2, 3)
        scores.add_(_unseen(last - first, offset + first, prompt, offset))
        weights = torch.softmax(scores, -1, dtype=scores.dtype)
        mixed.append(weights @ value[:, :, : offset + last])
    return _joined(mixed)[:, :, :length]


@lru_cache(maxsize=64)
def _unseen(size: int, before: int, prompt: int, filled: int) -> Tensor:
    """Return (size, before + size), minus infinity where a token must not look and 0 elsewhere.

    Args:
        size: Tokens that look.
        before: Tokens before them.
        prompt: Tokens of the prompt among these.
        filled: What the prompt is filled up to.
    """
    mask = torch.full((size, before + size), -math.inf, dtype=torch.bfloat16).triu(before + 1)
    mask[:, prompt:filled] = -math.inf
    return mask


def _filled(x: Tensor, axis: int, step: int, fill: int = 0) -> Tensor:
    """Fill a tensor up to a multiple of a length."""
    extra = -x.shape[axis] % step
    return F.pad(x, (0, 0) * (x.dim() - 1 - axis) + (0, extra), value=fill) if extra else x


def _in_bfloat16(device: torch.device) -> bool:
    """Tell whether products are in bfloat16 here and now, on a CPU."""
    return device.type == "cpu" and torch.is_autocast_enabled("cpu")


def _once(x: Tensor) -> Tensor:
    """Turn what several products share into their numbers once, and not once for each."""
    return x.bfloat16() if _in_bfloat16(x.device) else x
