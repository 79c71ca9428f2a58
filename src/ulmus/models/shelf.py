"""Models by name: those that ship with ulmus, those of the user's cache, and folders.

A model folder has the layout of Hugging Face (config.json, tokenizer.json, model.safetensors) and
`ulmus.json`, which says how the model was taught to read a program and to write an edit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from ulmus.errors import ConfigError, ModelError, unknown_name
from ulmus.models.base import Model

SHIPPED = Path(__file__).with_name("weights")
"""Models that ship with ulmus, a folder each."""

SETTINGS_NAME = "ulmus.json"


@dataclass(frozen=True)
class Taught:
    """How a diff model was taught.

    Attributes:
        style: Style of the prompt, see `ulmus.diffs.prompts.Layout`.
        form: Form of the edits.
        max_prompt_tokens: Longest prompt of its training.
        max_edit_tokens: Longest edit of its training.
    """

    style: str = "special"
    form: str = "numbered"
    max_prompt_tokens: int = 1024
    max_edit_tokens: int = 256


def cached_models() -> Path:
    """Return the folder in which converted and trained models of the user are looked for."""
    return user_cache_path("ulmus") / "models"


def names() -> dict[str, Path]:
    """Return the folders of the models that have a name; what ships goes first."""
    found: dict[str, Path] = {}
    for place in (SHIPPED, cached_models()):
        if place.is_dir():
            for config in sorted(place.glob("*/config.json")):
                found.setdefault(config.parent.name, config.parent)
    return found


def find_model(name: str) -> Path:
    """Return the folder of a model.

    Args:
        name: A name (see `names`) or a folder.

    Raises:
        ConfigError: There is no such model; the nearest name is given.
    """
    folder = Path(name)
    if name and folder.is_dir():
        return folder
    known = names()
    if name in known:
        return known[name]
    if not name:
        raise ConfigError("the operator diff needs a model: name one with --model NAME or FOLDER")
    raise unknown_name("model (and no folder)", name, known)


def read_taught(folder: Path) -> Taught:
    """Return how the model in a folder was taught; the defaults where it does not say.

    Raises:
        ModelError: `ulmus.json` is broken.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        return Taught()
    try:
        told: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from None
    fields = Taught.__dataclass_fields__
    if not isinstance(told, dict):
        raise ModelError(f"{file}: expected a JSON object, got {type(told).__name__}")
    chosen = {key: told[key] for key in fields if key in told}
    for key, value in chosen.items():
        kind = type(getattr(Taught(), key))
        if type(value) is not kind:
            raise ModelError(f"{file}: {key} must be of type {kind.__name__}, got {value!r}")
    return Taught(**chosen)


def open_model(name: str) -> tuple[Model, Taught]:
    """Return the model of a name or folder, and how it was taught.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its files cannot be read.
    """
    from ulmus.models.local import LocalModel

    folder = find_model(name)
    return LocalModel(folder), read_taught(folder)
