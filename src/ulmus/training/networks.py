"""Small Llama networks in plain torch, and the attention of edits that share one prompt.

A row is one prompt followed by several edits of it. Edits see the prompt and themselves, never
each other, and each one's positions go on where the prompt ends, so a row says exactly what its
edits would say one by one and costs the prompt only once. A row without a prompt holds whole texts,
each of which sees only itself.

The names of the weights are those of Hugging Face's Llama, so the file of a trained network loads
there as it is. Written here and not taken from transformers because two things pay on a CPU:
attention that skips the pairs that the mask forbids (`attend_by_parts`), and no graph of wrappers
around layers of 192 units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
        heads: Attention heads; all have keys of their own.
        inner: Units of the gated layer.
        context: Longest text, in tokens.
        rope_theta: Base of the rotary positions.
        epsilon: Of the normalisation.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner: int
    context: int = 2048
    rope_theta: float = 10_000.0
    epsilon: float = 1e-5

    def config(self, end_token: int) -> dict[str, Json]:
        """Return config.json of a model folder."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocabulary,
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads,
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
        )


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
    """Return the shape of that name; the gated layer has 8/3 of the width, in steps of 32.

    Raises:
        ConfigError: There is no such size.
    """
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    width, layers, heads = SIZES[size]
    inner = math.ceil(width * 8 / 3 / 32) * 32
    return Shape(vocabulary, width, layers, heads, inner, context, ROPE_THETA)


def trains_here(config: dict[str, Json]) -> bool:
    """Tell whether `Llama` below is the network that a config.json describes."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type", "default") if isinstance(rope, dict) else "default"
    heads, width = config.get("num_attention_heads"), config.get("hidden_size")
    return (
        config.get("model_type") == "llama"
        and kind == "default"
        and config.get("tie_word_embeddings") is True
        and heads == config.get("num_key_value_heads", heads)
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and isinstance(heads, int)
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
        plan = _Plan.of(parts)
        return self.through(self.embedded(tokens), positions, [plan] * self.shape.layers)

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
        stream = stream + self.self_attn(self.input_layernorm(stream), turns, plan)
        result: Tensor = stream + self.mlp(self.post_attention_layernorm(stream))
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
        self.heads = shape.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(shape.width, shape.width, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor], plan: Plan) -> Tensor:
        rows, length, width = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(rows, length, self.heads, width // self.heads).transpose(1, 2)

        query, key = rotate(split(self.q_proj(x)), turns), rotate(split(self.k_proj(x)), turns)
        mixed = plan.attend(query, key, split(self.v_proj(x)))
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
    if len(lengths) <= 2:  # one text, seen from left to right
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    queries, keys, values = (torch.split(x, list(lengths), 2) for x in (query, key, value))
    mixed = []
    if lengths[0]:
        mixed = [F.scaled_dot_product_attention(queries[0], keys[0], values[0], is_causal=True)]
    for q, k, v in zip(queries[1:], keys[1:], values[1:], strict=True):
        size = q.shape[2]
        if not lengths[0]:
            mixed.append(F.scaled_dot_product_attention(q, k, v, is_causal=True))
            continue
        mask = torch.ones(size, lengths[0] + size, dtype=torch.bool).tril(lengths[0])
        seen, known = torch.cat((keys[0], k), 2), torch.cat((values[0], v), 2)
        mixed.append(F.scaled_dot_product_attention(q, seen, known, mask))
    return torch.cat(mixed, 2)
