"""Which folder a training may write to. Needs no torch, so that a wrong one is named at once."""

from __future__ import annotations

from pathlib import Path

from ulmus.errors import TrainingError


def check_new(folder: Path) -> None:
    """Check that a new training may use a folder.

    Raises:
        TrainingError: It is a file, or there is something in it.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise TrainingError(f"cannot use {folder} for a model: {error.strerror}") from error
    if names:
        raise TrainingError(
            f"the folder {folder} is not empty (it holds {names[0]}); choose another one with "
            "--out, or go on with the training in it by --resume"
        )


def check_started(folder: Path) -> None:
    """Check that there is a training to go on with.

    Raises:
        TrainingError: There is no checkpoint.
    """
    if not any((folder / "checkpoints").glob("step-*")):
        raise TrainingError(f"there is no checkpoint in {folder} to go on from")
