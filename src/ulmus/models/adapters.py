"""Low-rank adapters in the layout of peft, added to the weights when a model is loaded.

LoRA (Hu et al. 2021, section 4.1): W + (alpha / r) B A, with A (r, inputs) and B (outputs, r);
rank-stabilised LoRA (Kalajdzievski 2023) divides by the square root of r instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError
from ulmus.models.architecture import read_json
from ulmus.models.tensors import TensorFile

Array = np.ndarray[Any, np.dtype[Any]]

CONFIG = "adapter_config.json"
FILE = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_FACTOR = re.compile(r"(.+)\.lora_([AB])\.weight")
_TABLE = re.compile(r"(.+)\.lora_embedding_([AB])")
_REFUSED = (
    "use_dora",
    "modules_to_save",
    "lora_bias",
    "layer_replication",
    "alora_invocation_tokens",
)


class Adapter:
    """The factors of one adapter folder."""

    def __init__(self, folder: Path) -> None:
        """Read a folder.

        Raises:
            ModelError: A file is missing or damaged, or the adapter is of a kind that cannot be
                added to the weights.
        """
        self.folder = folder
        config = read_json(folder / CONFIG)
        _check_config(config, folder / CONFIG)
        self._config = config
        self._file = TensorFile(folder / FILE)
        self._factors = self._pair_up()

    @property
    def files(self) -> list[Path]:
        """The files that the weights depend on."""
        return [self.folder / CONFIG, self.folder / FILE]

    @property
    def base(self) -> str:
        """What the adapter was trained on, as its file names it; may be empty."""
        return str(self._config.get("base_model_name_or_path") or "")

    def check_targets(self, names: set[str], tied: bool) -> None:
        """Check that each factor belongs to a tensor of the model.

        Args:
            names: Tensors of the model.
            tied: True if the output layer is the table of embeddings.

        Raises:
            ModelError: One does not, or it changes a table that serves twice: peft applies it to
                the embeddings only until it is merged, and to both afterwards.
        """
        if tied and any(name.endswith("embed_tokens.weight") for name in self._factors):
            raise ModelError(
                f"{self._file.path} changes the embeddings, which are the output layer too; "
                "such an adapter has no clear meaning: train without embed_tokens"
            )
        strange = set(self._factors) - names
        if strange:
            raise ModelError(
                f"{self._file.path} changes {min(strange)}, which the model lacks; "
                f"the adapter belongs to {self.base or 'another model'}"
            )

    def merge(self, name: str, matrix: Array) -> None:
        """Add what the adapter has for a tensor, in place.

        Raises:
            ModelError: The factors do not fit the tensor.
        """
        found = self.factors(name, matrix.shape)
        if found is not None:
            a, b, scale = found
            matrix += np.float32(scale) * (b @ a)

    def factors(self, name: str, shape: Sequence[int]) -> tuple[Array, Array, float] | None:
        """Return A (rank, inputs), B (outputs, rank) and the scale of what is added to a tensor.

        Args:
            name: Of the tensor.
            shape: (outputs, inputs).

        Returns:
            None if nothing is added.

        Raises:
            ModelError: The factors do not fit the tensor.
        """
        if name not in self._factors:
            return None
        a, b = (self._file.read(factor) for factor in self._factors[name])
        if name.endswith("embed_tokens.weight"):
            a, b = b.T, a.T  # peft keeps the factors of a table turned
        if a.ndim != 2 or (b.shape, a.shape[1]) != ((shape[0], a.shape[0]), shape[1]):
            raise ModelError(
                f"{self._file.path}: factors {list(a.shape)} and {list(b.shape)} do not fit "
                f"{name} {list(shape)}; it belongs to {self.base or 'another model'}"
            )
        return a, b, self._scale(name, a.shape[0])

    def _scale(self, name: str, rank: int) -> float:
        module = name.removesuffix(".weight")
        alpha = _by_pattern(self._config.get("alpha_pattern"), module)
        alpha = self._config["lora_alpha"] if alpha is None else alpha
        return float(alpha) / (math.sqrt(rank) if self._config.get("use_rslora") else rank)

    def _pair_up(self) -> dict[str, tuple[str, str]]:
        """Return the names of A and B by the tensor that they change."""
        found: dict[str, dict[str, str]] = {}
        for name in self._file.names:
            match = _FACTOR.fullmatch(name) or _TABLE.fullmatch(name)
            if match is None:
                raise ModelError(f"{self._file.path}: {name} is no factor of a LoRA adapter")
            target = match[1].removeprefix(_PREFIX) + ".weight"
            found.setdefault(target, {})[match[2]] = name
        lonely = [name for name, pair in found.items() if len(pair) != 2]
        if lonely or not found:
            what = f"{lonely[0]} lacks one of its two factors" if lonely else "it is empty"
            raise ModelError(f"{self._file.path} is no complete adapter: {what}")
        return {name: (pair["A"], pair["B"]) for name, pair in found.items()}


def _by_pattern(patterns: Any, module: str) -> Any:
    """Return the entry whose pattern ends the name of a module, as peft does it."""
    if isinstance(patterns, Mapping):
        for pattern, value in patterns.items():
            if re.match(rf"(.*\.)?({pattern})$", module):
                return value
    return None


def _check_config(config: Mapping[str, Any], path: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise ModelError(f"{path}: expected a LORA adapter, got {config.get('peft_type')!r}")
    for key in _REFUSED:
        if config.get(key):
            raise ModelError(
                f"{path}: {key} is set, and such adapters are not merged here; "
                "run it as a hub model (needs ulmus[train])"
            )
    if config.get("bias", "none") != "none":
        raise ModelError(f"{path}: adapters with biases are not supported, bias is not 'none'")
    alpha = config.get("lora_alpha")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        raise ModelError(f"{path}: lora_alpha must be a number, got {alpha!r}")
