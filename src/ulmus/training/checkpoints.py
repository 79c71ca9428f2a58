"""Where a training stands, on disk: whole or not there, and enough to go on bit for bit.

OUT/checkpoints/step-000120/ holds the trained weights (float32), the optimizer's moments and the
place in the data. It is written under another name, flushed and renamed; the one before is removed
only afterwards. A kill, a full disk or a loss that is no number leaves the last good one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ulmus.errors import TrainingError

FOLDER = "checkpoints"
PARTIAL = ".partial"


@dataclass(frozen=True)
class Checkpoint:
    """What a training needs to go on.

    Attributes:
        step: Steps done.
        weights: Trained weights by name, float32.
        moments: The optimizer's tensors, as "weight/moment".
        state: The rest, plain data.
    """

    step: int
    weights: Mapping[str, Tensor]
    moments: Mapping[str, Tensor]
    state: Mapping[str, Any]


def capture(
    step: int, net: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> Checkpoint:
    """Take what stands in a network and its optimizer."""
    weights = trained(net)
    moments = {}
    for name, weight in weights.items():
        for moment, value in optimizer.state.get(weight, {}).items():
            moments[f"{name}/{moment}"] = value
    return Checkpoint(step, weights, moments, state)


def restore(
    checkpoint: Checkpoint, net: nn.Module, optimizer: torch.optim.Optimizer, folder: Path
) -> None:
    """Put it back.

    Raises:
        TrainingError: The checkpoint is of another network.
    """
    weights = trained(net)
    if weights.keys() != checkpoint.weights.keys() or any(
        weight.shape != checkpoint.weights[name].shape for name, weight in weights.items()
    ):
        raise TrainingError(f"the checkpoint in {folder} is of another network")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(checkpoint.weights[name])
    for key, value in checkpoint.moments.items():
        name, _, moment = key.rpartition("/")
        weight = weights[name]
        device = weight.device if value.dim() else value.device
        optimizer.state[weight][moment] = value.to(device).clone()


def trained(net: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights that are being trained, by name."""
    return {name: weight for name, weight in net.named_parameters() if weight.requires_grad}


def digest_of(texts: Sequence[str]) -> str:
    """Return the number of the texts with a digest of them, to tell other data at a resume."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return f"{len(texts):,} ({whole.hexdigest()[:12]})"


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and remove older ones; returns its folder.

    Raises:
        TrainingError: The folder or the disk refuses; the one before is still there.
    """
    parent = folder / FOLDER
    place = parent / f"step-{checkpoint.step:08d}"
    partial = place.with_name(place.name + PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        save_file(_plain(checkpoint.weights), partial / "weights.safetensors")
        save_file(_plain(checkpoint.moments), partial / "moments.safetensors")
        state = json.dumps({**checkpoint.state, "step": checkpoint.step})
        (partial / "state.json").write_text(state, "utf-8")
        for file in partial.iterdir():
            _flush(file)
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        kept = newest(folder)
        raise TrainingError(
            f"cannot write a checkpoint to {parent}: {error}; "
            + (
                f"the last one is {kept}; make room and use --resume"
                if kept
                else "there is none yet"
            )
        ) from error
    for old in _places(folder):
        if old != place:
            shutil.rmtree(old, ignore_errors=True)
    return place


def newest(folder: Path) -> Path | None:
    """Return the last complete checkpoint of a training, None if it has none."""
    places = _places(folder)
    return places[-1] if places else None


def load(place: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainingError: It is damaged.
    """
    try:
        state = json.loads((place / "state.json").read_text("utf-8"))
        weights = load_file(place / "weights.safetensors")
        moments = load_file(place / "moments.safetensors")
        return Checkpoint(int(state["step"]), weights, moments, state)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"the checkpoint {place} cannot be read: {error}") from error


def go_on(folder: Path, identity: Mapping[str, Any], what: str) -> tuple[Path, Checkpoint]:
    """Return the last checkpoint of a training that is to go on, and where it lies.

    Args:
        folder: Of the training.
        identity: What must be the same as then, plain data.
        what: What `identity` is of, besides the options, for the message.

    Raises:
        TrainingError: There is none, it is damaged, or something differs.
    """
    place = newest(folder)
    if place is None:
        raise TrainingError(f"there is no checkpoint in {folder} to go on from")
    checkpoint = load(place)
    then = checkpoint.state.get("identity", {})
    for key in sorted(identity.keys() | then.keys()):
        if identity.get(key) != then.get(key):
            raise TrainingError(
                f"{place} was trained with {key} = {then.get(key)!r}, now it is "
                f"{identity.get(key)!r}; resume with the same {what} and options, or start anew in "
                "another folder"
            )
    return place, checkpoint


def no_number(folder: Path, when: str) -> TrainingError:
    """Return the error of a training whose numbers are not finite.

    Args:
        folder: Of the training.
        when: Such as "after step 3 the loss".
    """
    kept = newest(folder)
    where = f"the last good checkpoint is {kept}" if kept else "no checkpoint was written yet"
    return TrainingError(
        f"{when} is no finite number; the training ends, {where}. A smaller --rate helps"
    )


def remove(folder: Path) -> None:
    """Remove the checkpoints of a training that is done."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _places(folder: Path) -> list[Path]:
    return sorted(
        place for place in (folder / FOLDER).glob("step-*") if not place.name.endswith(PARTIAL)
    )


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
