"""Safetensors files: named arrays behind a JSON header; read whole, checked, as float32.

Own form for small files: a tensor of int8 with a companion NAME + `_scale` (float32, one number per
row) stands for tensor * scale.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ModelError
from ulmus.models.architecture import read_json

Array = np.ndarray[Any, np.dtype[Any]]

SCALE = "_scale"
"""Suffix of the name of the scales of an int8 tensor."""

_KINDS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8", "I8": "i1"}
_NAMES = {"float32": "F32", "float16": "F16", "int8": "I8"}
_HEAD_BYTES = 8
_MOST_HEADER_BYTES = 100_000_000  # the limit of the safetensors library


class TensorFile:
    """The tensors of one file or of the files of a split model."""

    def __init__(self, path: Path) -> None:
        """Read the headers.

        Args:
            path: A .safetensors file, or the .safetensors.index.json of a split model.

        Raises:
            ModelError: A file is missing, cut off or no safetensors file.
        """
        self.path = path
        self.files = _split_files(path) if path.name.endswith(".json") else [path]
        self._entries: dict[str, tuple[Path, int, dict[str, Any]]] = {}
        for file in self.files:
            start, header = _read_header(file)
            for name, entry in header.items():
                self._entries[name] = (file, start, entry)

    @property
    def names(self) -> set[str]:
        """Names of the tensors, without the scales."""
        scales = {name for name in self._entries if name.endswith(SCALE)}
        return set(self._entries) - scales

    def read(self, name: str, shape: tuple[int, ...] | None = None) -> Array:
        """Return a tensor as float32.

        Args:
            name: Its name.
            shape: The shape that it must have; None for any.

        Raises:
            ModelError: It is missing, has another shape or an unknown kind of numbers, or holds
                NaN or infinity.
        """
        raw = self._raw(name)
        values: Array = raw.astype(np.float32)
        if shape is not None and values.shape != shape:
            raise ModelError(
                f"{self.path}: {name} must have the shape {list(shape)} after config.json, "
                f"got {list(values.shape)}; config and weights do not belong together"
            )
        if raw.dtype == np.int8:
            scales = self.read(name + SCALE, values.shape[:1])
            values *= scales.reshape(-1, *[1] * (values.ndim - 1))
        if not np.isfinite(values).all():
            raise ModelError(f"{self.path}: {name} holds NaN or infinity; the file is damaged")
        return values

    def _raw(self, name: str) -> Array:
        if name not in self._entries:
            raise ModelError(f"{self.path}: there is no tensor {name}; is this a Llama model?")
        file, start, entry = self._entries[name]
        kind, shape, (low, high) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise ModelError(f"{file}: {name} holds {kind}; known are {known}")
        dtype = np.dtype(_KINDS[kind])
        count = int(np.prod(shape, dtype=np.int64))
        if count * dtype.itemsize != high - low:
            raise ModelError(f"{file}: {name} has {high - low} bytes, not those of {shape} {kind}")
        flat = np.fromfile(file, dtype, count, offset=start + low)
        if kind == "BF16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat.reshape(shape)


def _split_files(path: Path) -> list[Path]:
    table = read_json(path).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise ModelError(f"{path}: expected a weight_map from tensors to files")
    names = sorted({str(name) for name in table.values()})
    if any(Path(name).name != name for name in names):
        raise ModelError(f"{path}: the files of the weight_map must lie beside it")
    return [path.parent / name for name in names]


def _read_header(path: Path) -> tuple[int, dict[str, Any]]:
    """Return where the data start and the entries by name."""
    try:
        total = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_HEAD_BYTES), "little")
            if total < _HEAD_BYTES or length > min(total, _MOST_HEADER_BYTES):
                raise ModelError(f"{path} is cut off or no safetensors file ({total} bytes)")
            header = json.loads(stream.read(length))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise ModelError(f"{path} is no safetensors file: its header is not JSON") from None
    if not isinstance(header, dict):
        raise ModelError(f"{path} is no safetensors file: its header is not an object")
    header.pop("__metadata__", None)
    start = _HEAD_BYTES + length
    for name, entry in header.items():
        _check_entry(path, name, entry, total - start)
    return start, header


def _check_entry(path: Path, name: str, entry: Any, available: int) -> None:
    try:
        low, high = entry["data_offsets"]
        plain = isinstance(entry["dtype"], str) and all(type(n) is int for n in entry["shape"])
        fits = 0 <= low <= high
    except (TypeError, KeyError, ValueError):
        plain = fits = False
    if not plain or not fits:
        raise ModelError(f"{path}: the header's entry of {name} makes no sense")
    if high > available:
        raise ModelError(
            f"{path} is cut off: {name} ends at byte {high} of the data and only {available} "
            "are there; copy or download the file again"
        )


def write_tensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write float32, float16 and int8 arrays; the file appears whole or not at all.

    Raises:
        ModelError: The disk refuses.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": _NAMES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)  # the data start at a multiple of 8
    whole = path.with_name(path.name + ".part")
    try:
        with whole.open("wb") as stream:
            stream.write(len(head).to_bytes(_HEAD_BYTES, "little") + head)
            for tensor in tensors.values():
                stream.write(np.ascontiguousarray(tensor).data)
        whole.replace(path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from None


def to_int8(values: Array) -> tuple[Array, Array]:
    """Return the nearest int8 numbers and the scale of each row (largest magnitude / 127)."""
    rows = values.reshape(len(values), -1)
    scales = (np.abs(rows).max(1) / 127).astype(np.float32)
    safe = np.where(scales > 0, scales, 1)
    whole = np.rint(rows / safe[:, None]).astype(np.int8)
    return whole.reshape(values.shape), scales
