"""Llama models with a few thousand random weights, as folders on disk, made without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.models.answers import byte_letters
from ulmus.models.tensors import write_tensors
from ulmus.models.weights import EMBEDDING, FINAL_NORM, HEAD

SPECIAL = ("<|endoftext|>", "<filename>", "<file_sep>")
BYTES = 256
SPREAD = 1.7
"""Standard deviation of a sum of products; large, so that attention and logits are not flat."""


@dataclass(frozen=True)
class Tiny:
    """Sizes of a tiny model."""

    vocabulary: int = 270
    width: int = 24
    inner: int = 40
    layers: int = 2
    heads: int = 6
    groups: int = 2
    head: int = 4
    tied: bool = False
    theta: float = 10000.0
    context: int = 128


SHAPES = {
    "grouped": Tiny(),
    "tied": Tiny(heads=4, groups=4, head=6, tied=True),
    "odd": Tiny(vocabulary=259, width=30, inner=37, heads=3, groups=1, head=10, layers=3),
    "wide-heads": Tiny(width=32, heads=2, groups=1, head=40, theta=500000.0),
    "even": Tiny(vocabulary=264, width=64, inner=96, heads=8, groups=2, head=32, tied=True),
}


def tensors(shape: Tiny, seed: int = 1) -> dict[str, Any]:
    """Return the weights by name; the generator is one whose numbers never change."""
    rng = np.random.RandomState(seed)

    def normal(*size: int) -> Any:
        return (SPREAD / size[-1] ** 0.5 * rng.standard_normal(size)).astype(np.float32)

    found = {EMBEDDING: normal(shape.vocabulary, shape.width)}
    for index in range(shape.layers):
        prefix = f"model.layers.{index}."
        for part, heads in (("q", shape.heads), ("k", shape.groups), ("v", shape.groups)):
            name = f"{prefix}self_attn.{part}_proj.weight"
            found[name] = normal(heads * shape.head, shape.width)
        found[f"{prefix}self_attn.o_proj.weight"] = normal(shape.width, shape.heads * shape.head)
        for part in ("gate", "up"):
            found[f"{prefix}mlp.{part}_proj.weight"] = normal(shape.inner, shape.width)
        found[f"{prefix}mlp.down_proj.weight"] = normal(shape.width, shape.inner)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            found[f"{prefix}{norm}.weight"] = 1 + normal(shape.width)
    found[FINAL_NORM] = 1 + normal(shape.width)
    if not shape.tied:
        found[HEAD] = normal(shape.vocabulary, shape.width)
    return found


def config(shape: Tiny) -> dict[str, Any]:
    """Return what stands in config.json."""
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "vocab_size": shape.vocabulary, "hidden_size": shape.width,
        "intermediate_size": shape.inner, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.groups,
        "head_dim": shape.head, "rms_norm_eps": 1e-5, "rope_theta": shape.theta,
        "max_position_embeddings": shape.context, "hidden_act": "silu",
        "tie_word_embeddings": shape.tied, "bos_token_id": None, "eos_token_id": BYTES,
        "attention_bias": False, "mlp_bias": False,
    }  # fmt: skip


def tokenizer() -> dict[str, Any]:
    """Return a byte-level tokenizer: one token per byte, then `SPECIAL`."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    level["use_regex"] = False
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": BYTES + i, "content": text, "special": True, **flags}
        for i, text in enumerate(SPECIAL)
    ]
    vocabulary = {letter: value for value, letter in enumerate(byte_letters())}
    return {
        "version": "1.0", "added_tokens": added, "normalizer": None, "post_processor": None,
        "pre_tokenizer": level, "decoder": level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip


def write_model(
    folder: Path,
    shape: Tiny | None = None,
    *,
    weights: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Write a model folder.

    Args:
        folder: Where.
        shape: Sizes.
        weights: Its tensors; random ones if None.
        changes: Other entries of config.json.
    """
    shape = shape or Tiny()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**config(shape), **changes}))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    write_tensors(folder / "model.safetensors", weights or tensors(shape))
    return folder


def text_tokens(length: int = 70) -> Any:
    """Return the tokens of a text of plain bytes, (length,) int32."""
    return ((np.arange(length) * 37 + 11) % 90 + 32).astype(np.int32)
