"""The weights of a Llama model, laid out for the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError
from ulmus.models.adapters import Adapter
from ulmus.models.architecture import Architecture
from ulmus.models.kernels import PAGE, PANEL
from ulmus.models.tensors import TensorFile

Array = np.ndarray[Any, np.dtype[Any]]

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
FINAL_NORM = "model.norm.weight"
_IGNORED = "rotary_emb.inv_freq"  # older files store it; it follows from the config


@dataclass(frozen=True)
class Layer:
    """One layer; matrices are packed, see `pack`.

    Attributes:
        attention_norm: (width,), of the norm before the attention.
        mixing: Queries, keys and values in one matrix.
        merging: From the heads, each padded to `padded_head` numbers, back to the width.
        feed_norm: (width,), of the norm before the feed-forward part.
        opening: Gate and content in one matrix.
        closing: From the inner width back to the width.
    """

    attention_norm: Array
    mixing: Array
    merging: Array
    feed_norm: Array
    opening: Array
    closing: Array


@dataclass(frozen=True)
class Weights:
    """All weights.

    Attributes:
        layers: The layers in order.
        final_norm: (width,).
        head: The output layer, packed.
        embedding: (vocabulary and what else is read, width); None if the output layer serves.
    """

    layers: tuple[Layer, ...]
    final_norm: Array
    head: Array
    embedding: Array | None

    def embed(self, tokens: Array) -> Array:
        """Return the embeddings of tokens, (R,) to (R, width)."""
        if self.embedding is not None:
            return np.ascontiguousarray(self.embedding[tokens])
        return np.ascontiguousarray(self.head[tokens // PANEL, :, tokens % PANEL])


def pack(matrix: Array) -> Array:
    """Lay out a matrix for `kernels.linear`.

    Args:
        matrix: (N, K), as files hold it: one row per output.

    Returns:
        (ceil(N / PANEL), K, PANEL) float32, zeros after the last output.
    """
    outputs, inputs = matrix.shape
    panels = -(-outputs // PANEL)
    padded = np.zeros((panels * PANEL, inputs), np.float32)
    padded[:outputs] = matrix
    return np.ascontiguousarray(padded.reshape(panels, PANEL, inputs).transpose(0, 2, 1))


def padded_head(shape: Architecture) -> int:
    """Return the width of a head rounded up to the blocks of the kernels."""
    return -(-shape.head_width // PAGE) * PAGE


def weights_file(folder: Path) -> Path:
    """Return the file of a folder that holds the weights, or that says which files do.

    Raises:
        ModelError: There is none.
    """
    for name in ("model.safetensors", "model.safetensors.index.json"):
        if (folder / name).is_file():
            return folder / name
    other = sorted(p.name for p in folder.glob("*") if p.suffix in {".bin", ".gguf", ".pt"})
    hint = f"; {other[0]} is of another kind: convert it first" if other else ""
    raise ModelError(f"{folder} has no model.safetensors{hint}")


def load_weights(
    folder: Path,
    shape: Architecture,
    adapters: Sequence[Adapter] = (),
    prefixes: Array | None = None,
) -> Weights:
    """Read, check, merge and lay out the weights of a folder.

    Args:
        folder: Of the model.
        shape: What config.json says.
        adapters: Added to the weights in this order.
        prefixes: (n, width), what tokens from `shape.vocabulary` on stand for, if there are such.

    Raises:
        ModelError: A file is missing or damaged, or does not fit config.json.
    """
    file = TensorFile(weights_file(folder))
    _check_names(file, shape)

    def read(name: str, *size: int) -> Array:
        matrix = file.read(name, size)
        for adapter in adapters:
            adapter.merge(name, matrix)
        return matrix

    for adapter in adapters:
        adapter.check_targets(file.names, shape.tied)
    embedding = read(EMBEDDING, shape.vocabulary, shape.width)
    separate = not shape.tied and HEAD in file.names
    if not shape.tied and not separate:
        raise ModelError(f"{file.path}: config.json says that {HEAD} is its own, and it is missing")
    head = read(HEAD, shape.vocabulary, shape.width) if separate else embedding
    if prefixes is not None and len(prefixes):
        embedding, separate = np.concatenate((embedding, prefixes)), True
    return Weights(
        layers=tuple(_layer(read, shape, index) for index in range(shape.layers)),
        final_norm=read(FINAL_NORM, shape.width),
        head=pack(head),
        embedding=embedding if separate else None,
    )


def _layer(read: Callable[..., Array], shape: Architecture, index: int) -> Layer:
    prefix = f"model.layers.{index}."
    queries, keys = shape.heads * shape.head_width, shape.groups * shape.head_width
    attention, feed = prefix + "self_attn.", prefix + "mlp."
    mixing = [
        read(attention + "q_proj.weight", queries, shape.width),
        read(attention + "k_proj.weight", keys, shape.width),
        read(attention + "v_proj.weight", keys, shape.width),
    ]
    opening = [
        read(feed + "gate_proj.weight", shape.inner_width, shape.width),
        read(feed + "up_proj.weight", shape.inner_width, shape.width),
    ]
    return Layer(
        attention_norm=read(prefix + "input_layernorm.weight", shape.width),
        mixing=pack(np.concatenate(mixing)),
        merging=pack(_spread(read(attention + "o_proj.weight", shape.width, queries), shape)),
        feed_norm=read(prefix + "post_attention_layernorm.weight", shape.width),
        opening=pack(np.concatenate(opening)),
        closing=pack(read(feed + "down_proj.weight", shape.width, shape.inner_width)),
    )


def _spread(matrix: Array, shape: Architecture) -> Array:
    """Give each head of the inputs its padded width, zeros after its own numbers."""
    wide = np.zeros((shape.width, shape.heads, padded_head(shape)), np.float32)
    wide[..., : shape.head_width] = matrix.reshape(shape.width, shape.heads, shape.head_width)
    return wide.reshape(shape.width, -1)


def tensor_names(shape: Architecture) -> set[str]:
    """Return the names of all tensors of a model."""
    parts = [f"self_attn.{part}_proj.weight" for part in "qkvo"]
    parts += [f"mlp.{part}_proj.weight" for part in ("gate", "up", "down")]
    parts += ["input_layernorm.weight", "post_attention_layernorm.weight"]
    names = {f"model.layers.{index}.{part}" for index in range(shape.layers) for part in parts}
    return names | {EMBEDDING, HEAD, FINAL_NORM}


def _check_names(file: TensorFile, shape: Architecture) -> None:
    expected = tensor_names(shape)
    foreign = {name for name in file.names - expected if not name.endswith(_IGNORED)}
    if foreign:
        raise ModelError(
            f"{file.path}: {len(foreign)} tensors do not belong to the model of config.json, "
            f"such as {min(foreign)}; the embedded decoder runs plain Llama models"
        )
