"""The shape of a Llama model, read from the `config.json` of its folder and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ulmus.errors import ModelError

ARCHITECTURE = "LlamaForCausalLM"
_MOST_POSITIONS = 1 << 20  # tables of cosines beyond this would be a mistake in the file


@dataclass(frozen=True)
class Architecture:
    """Sizes and constants of a Llama model.

    Attributes:
        vocabulary: Number of tokens.
        width: Numbers per token between the layers.
        inner_width: Numbers per token inside the feed-forward part of a layer.
        layers: Number of layers.
        heads: Attention heads.
        groups: Heads of keys and values; each serves heads / groups attention heads.
        head_width: Numbers per head, even.
        context: Longest text in tokens.
        rope_theta: Base of the rotary embedding.
        epsilon: Added to the mean square by the norms.
        tied: True if the output layer is the table of token embeddings.
    """

    vocabulary: int
    width: int
    inner_width: int
    layers: int
    heads: int
    groups: int
    head_width: int
    context: int
    rope_theta: float
    epsilon: float
    tied: bool

    @property
    def num_parameters(self) -> int:
        """Number of weights, norms included."""
        attention = 2 * self.width * self.head_width * (self.heads + self.groups)
        layer = attention + 3 * self.width * self.inner_width + 2 * self.width
        tables = self.vocabulary * self.width * (1 if self.tied else 2)
        return tables + self.layers * layer + self.width


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        ModelError: The file is missing, cannot be read or holds something else.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; is {path.parent} a folder of a model?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}") from None
    if not isinstance(value, dict):
        raise ModelError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


def read_architecture(path: Path) -> Architecture:
    """Read and check a `config.json`.

    Raises:
        ModelError: Another architecture, a feature that the decoder lacks, or sizes that do not
            fit each other; the message names the file and the entry.
    """
    config = read_json(path)
    _check_kind(config, path)
    heads = _whole(config, "num_attention_heads", path)
    width = _whole(config, "hidden_size", path)
    architecture = Architecture(
        vocabulary=_whole(config, "vocab_size", path),
        width=width,
        inner_width=_whole(config, "intermediate_size", path),
        layers=_whole(config, "num_hidden_layers", path),
        heads=heads,
        groups=_whole(config, "num_key_value_heads", path, heads),
        head_width=_whole(config, "head_dim", path, width // heads),
        context=_whole(config, "max_position_embeddings", path, 2048),
        rope_theta=_rope_theta(config, path),
        epsilon=_positive(config, "rms_norm_eps", path, 1e-6),
        tied=bool(config.get("tie_word_embeddings", False)),
    )
    _check_sizes(architecture, path)
    return architecture


def end_tokens(folder: Path) -> tuple[int, ...]:
    """Return the tokens that end an answer, as config.json or generation_config.json say.

    Raises:
        ModelError: A file cannot be read, or the entry is no token.
    """
    path = folder / "generation_config.json"
    config = read_json(path) if path.exists() else {}
    if config.get("eos_token_id") is None:
        path = folder / "config.json"
        config = read_json(path)
    value = config.get("eos_token_id")
    if value is None:
        return ()
    tokens = value if isinstance(value, list) else [value]
    if not all(type(token) is int and token >= 0 for token in tokens):
        raise ModelError(f"{path}: eos_token_id must be a token or a list, got {value!r}")
    return tuple(tokens)


def _check_kind(config: Mapping[str, Any], path: Path) -> None:
    named = config.get("architectures") or []
    kind = config.get("model_type")
    if kind != "llama" or (named and ARCHITECTURE not in named):
        came = ", ".join(map(str, named)) or f"model_type {kind!r}"
        raise ModelError(
            f"{path}: the embedded decoder runs {ARCHITECTURE}, this is {came}; "
            "run other architectures as a hub model (needs ulmus[train])"
        )
    if config.get("hidden_act", "silu") != "silu":
        raise ModelError(f"{path}: expected hidden_act 'silu', got {config['hidden_act']!r}")
    for key in ("attention_bias", "mlp_bias"):
        if config.get(key):
            raise ModelError(
                f"{path}: the embedded decoder has no biases and {key} is set; "
                "run this model as a hub model (needs ulmus[train])"
            )


def _rope_theta(config: Mapping[str, Any], path: Path) -> float:
    """Read the base of the rotary embedding, which newer files keep in `rope_parameters`."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise ModelError(f"{path}: the rotary embedding must be an object, got {rope!r}")
    kind = rope.get("rope_type", rope.get("type", "default"))
    partial = rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0))
    if kind != "default" or partial != 1.0:
        raise ModelError(
            f"{path}: the embedded decoder knows the plain rotary embedding of whole heads, "
            f"not {rope!r}; run this model as a hub model (needs ulmus[train])"
        )
    source = rope if "rope_theta" in rope else config
    return _positive(source, "rope_theta", path, 10000.0)


def _check_sizes(shape: Architecture, path: Path) -> None:
    if shape.heads % shape.groups:
        raise ModelError(
            f"{path}: {shape.heads} attention heads cannot share {shape.groups} heads of keys"
        )
    if shape.head_width % 2:
        raise ModelError(f"{path}: head_dim must be even to be rotated, got {shape.head_width}")
    if shape.context > _MOST_POSITIONS:
        raise ModelError(
            f"{path}: max_position_embeddings {shape.context} exceeds {_MOST_POSITIONS}"
        )


def _whole(config: Mapping[str, Any], key: str, path: Path, default: int | None = None) -> int:
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or value < 1:
        raise ModelError(f"{path}: {key} must be a whole number from 1, got {value!r}")
    return value


def _positive(config: Mapping[str, Any], key: str, path: Path, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e30:
        raise ModelError(f"{path}: {key} must be a positive number, got {value!r}")
    return float(value)
