"""How a model of programs was taught: what it continues, where it ends, and for which problem.

A model of programs, an inventor, is a model folder like any other (see `ulmus.models.shelf`) whose
`ulmus.json` says `"kind": "inventor"`. One that invents for a terrain says `"conditional"`, and
the rest as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ulmus.errors import ConfigError, ModelError, unknown_name
from ulmus.models.architecture import read_json
from ulmus.models.prefixes import marks_of
from ulmus.models.shelf import SETTINGS_NAME
from ulmus.properties import Where
from ulmus.records import Json

KIND, CONDITIONAL = "inventor", "conditional"


@dataclass(frozen=True)
class Inventing:
    """How a model of programs was taught.

    Attributes:
        prompt: The begin of every text; the model continues it.
        start: The mark before each text; empty if there was none.
        end: The mark behind each text.
        problem: Name of the problem that the programs are for.
        problem_options: Its options.
        properties: Where the texts have fitness and measures: "none", "before" or "after".
        max_tokens: Longest text of its training, in tokens.
        terrains: What a conditional model invents for; empty of other models.
        prefix_vectors: Vectors that each terrain is to it.
    """

    prompt: str
    start: str = ""
    end: str = "<|endoftext|>"
    problem: str = "sodarace"
    problem_options: Mapping[str, Json] = field(default_factory=dict)
    properties: Where = "none"
    max_tokens: int = 1024
    terrains: tuple[str, ...] = ()
    prefix_vectors: int = 1

    def on(self, terrain: str) -> Inventing:
        """Return how the model is asked for programs for a terrain.

        Args:
            terrain: Name of one of `terrains`; empty for a model that knows none.

        Raises:
            ConfigError: The model does not know it, or one must be named.
        """
        if not self.terrains and not terrain:
            return self
        if not self.terrains:
            raise ConfigError(
                f"this model invents for no terrain in particular, so not for {terrain!r}; "
                "`ulmus train conditional` teaches it to"
            )
        if not terrain:
            raise ConfigError(
                f"this model invents for a terrain; name one: {', '.join(self.terrains)}"
            )
        if terrain not in self.terrains:
            raise unknown_name("terrain of this model", terrain, self.terrains)
        return replace(self, start=marks_of(terrain, self.prefix_vectors))


def read_inventing(folder: Path, *kinds: str) -> Inventing:
    """Return how the model of programs in a folder was taught.

    Args:
        folder: Of the model.
        kinds: What `ulmus.json` may call itself; an inventor if none is given.

    Raises:
        ModelError: `ulmus.json` is missing, broken, or that of another kind of model.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        raise ModelError(f"{folder} is no model of programs: it has no {SETTINGS_NAME}")
    told: Mapping[str, Any] = read_json(file)
    kinds = kinds or (KIND,)
    if told.get("kind") not in kinds:
        raise ModelError(
            f"{file} must say kind {' or '.join(map(repr, kinds))}, it says {told.get('kind')!r}; "
            f"`ulmus train {kinds[0]}` makes such a model"
        )
    types = {"problem_options": dict, "max_tokens": int, "prefix_vectors": int, "terrains": list}
    chosen = {entry.name: told[entry.name] for entry in fields(Inventing) if entry.name in told}
    for name in ("prompt", *chosen):
        wanted = types.get(name, str)
        if type(told.get(name)) is not wanted:
            raise ModelError(
                f"{file}: {name} must be of type {wanted.__name__}, got {told.get(name)!r}"
            )
    found = Inventing(**{**chosen, "terrains": tuple(map(str, chosen.get("terrains", ())))})
    if found.properties not in ("none", "before", "after") or found.max_tokens < 1:
        raise ModelError(
            f"{file}: properties must be none, before or after and max_tokens at least 1, got "
            f"{found.properties!r} and {found.max_tokens}"
        )
    return found
