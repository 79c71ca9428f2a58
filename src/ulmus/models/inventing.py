"""How a model of programs was taught: what it continues, where it ends, and for which problem.

A model of programs, an inventor, is a model folder like any other (see `ulmus.models.shelf`) whose
`ulmus.json` says `"kind": "inventor"`. One that invents for a terrain says `"conditional"`, and
the rest as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ulmus.errors import ModelError
from ulmus.models.architecture import read_json
from ulmus.models.shelf import SETTINGS_NAME
from ulmus.properties import Where
from ulmus.records import Json

KIND = "inventor"


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
    """

    prompt: str
    start: str = ""
    end: str = "<|endoftext|>"
    problem: str = "sodarace"
    problem_options: Mapping[str, Json] = field(default_factory=dict)
    properties: Where = "none"
    max_tokens: int = 1024


def read_inventing(folder: Path, kind: str = KIND) -> Inventing:
    """Return how the model of programs in a folder was taught.

    Args:
        folder: Of the model.
        kind: What `ulmus.json` must call itself.

    Raises:
        ModelError: `ulmus.json` is missing, broken, or that of another kind of model.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        raise ModelError(f"{folder} is no model of programs: it has no {SETTINGS_NAME}")
    told: Mapping[str, Any] = read_json(file)
    if told.get("kind") != kind:
        raise ModelError(
            f"{file} must say kind {kind!r}, it says {told.get('kind')!r}; `ulmus train {kind}` "
            "makes such a model"
        )
    kinds = {"problem_options": dict, "max_tokens": int}
    chosen = {entry.name: told[entry.name] for entry in fields(Inventing) if entry.name in told}
    for name in ("prompt", *chosen):
        wanted = kinds.get(name, str)
        if type(told.get(name)) is not wanted:
            raise ModelError(
                f"{file}: {name} must be of type {wanted.__name__}, got {told.get(name)!r}"
            )
    found = Inventing(**chosen)
    if found.properties not in ("none", "before", "after") or found.max_tokens < 1:
        raise ModelError(
            f"{file}: properties must be none, before or after and max_tokens at least 1, got "
            f"{found.properties!r} and {found.max_tokens}"
        )
    return found
