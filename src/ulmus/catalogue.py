"""Problems, operators and sandboxes by name.

Names are looked up in a lazy table of built-ins, then among the entry points `ulmus.problems`,
`ulmus.operators` and `ulmus.sandboxes`; "path/to/file.py:Name" takes a class from a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter, ValidationError

from ulmus.config import RunConfig, explain
from ulmus.diffs.prompts import Layout
from ulmus.errors import ConfigError, unknown_name
from ulmus.operators.base import Operator
from ulmus.operators.diff import DiffSettings
from ulmus.operators.sample import SampleSettings
from ulmus.problems.base import Problem
from ulmus.sandbox.base import Sandbox
from ulmus.workers import load_file

if TYPE_CHECKING:
    from ulmus.models.shelf import Taught

BUILT_INS: Mapping[str, Mapping[str, str]] = {
    "problem": {
        "sodarace": "ulmus.problems.sodarace.problem:Sodarace",
        "parity": "ulmus.problems.parity:Parity",
        "quadratic": "ulmus.problems.quadratic:Quadratic",
    },
    "operator": {
        "syntax": "ulmus.operators.syntax:SyntaxMutation",
        "crossover": "ulmus.operators.crossover:Crossover",
        "node": "ulmus.operators.node:NodeMutation",
    },
    "sandbox": {"wasm": "ulmus.sandbox.wasm:WasmSandbox"},
}
DIFF, SAMPLE = "diff", "sample"
"""The operators that ask a model; they are not in the table because they are made from settings."""

ENTRY_POINTS = {
    "problem": "ulmus.problems",
    "operator": "ulmus.operators",
    "sandbox": "ulmus.sandboxes",
}


def known_names(kind: str) -> list[str]:
    """Return the names of a kind ("problem", "operator", "sandbox") that can be used."""
    outside = [entry.name for entry in metadata.entry_points(group=ENTRY_POINTS[kind])]
    more = [DIFF, SAMPLE] if kind == "operator" else []
    return sorted({*BUILT_INS[kind], *outside, *more})


def make_sandbox(name: str) -> Sandbox:
    """Return a sandbox tier by name.

    Raises:
        ConfigError: Unknown name.
    """
    return cast(Sandbox, _make("sandbox", name, {}))


def make_operator(
    name: str, diff: DiffSettings | None = None, sample: SampleSettings | None = None
) -> Operator:
    """Return an operator by name.

    Args:
        name: The name; "diff:MODEL" is the operator `diff` with another model, so that several
            may be mixed, and "sample:MODEL" likewise.
        diff: How the operator `diff` asks its model.
        sample: How the operator `sample` asks its model.

    Raises:
        ConfigError: Unknown name.
        ModelError: The model cannot be read.
    """
    kind, _, model = name.partition(":")
    if kind == DIFF:
        settings = diff or DiffSettings()
        chosen = {"model": model or settings.model}
        return make_diff(name, settings.model_copy(update=chosen))
    if kind == SAMPLE:
        asked = sample or SampleSettings()
        return make_sample(name, asked.model_copy(update={"model": model or asked.model}))
    return cast(Operator, _make("operator", name, {}))


def may_ask_servers(config: RunConfig) -> bool:
    """Tell whether an operator of a run asks a model on a server; those of others may."""
    from ulmus.models.endpoint_names import is_endpoint

    for name in config.operators:
        kind, _, model = name.partition(":")
        asked = {DIFF: config.diff.model, SAMPLE: config.sample.model}.get(kind)
        if asked is None and name not in BUILT_INS["operator"]:
            return True
        if asked is not None and is_endpoint(model or asked):
            return True
    return False


def make_diff(name: str, settings: DiffSettings) -> Operator:
    """Return a `diff` operator with the model that the settings name.

    Raises:
        ConfigError, ModelError: No such model, or it cannot be read.
    """
    from ulmus.models.endpoint_names import is_endpoint
    from ulmus.models.shelf import open_model
    from ulmus.operators.diff import DiffOperator

    model, told = open_model(settings.model)
    if is_endpoint(settings.model):
        once = {key: 1 for key in ("attempts", "new_attempts") if getattr(settings, key) is None}
        settings = settings.model_copy(update=once)
    layout = layout_of(told, settings.form)
    return DiffOperator(model, layout, settings, _plain(name), told.effects)


def make_sample(name: str, settings: SampleSettings) -> Operator:
    """Return a `sample` operator with the model that the settings name.

    Raises:
        ConfigError, ModelError: No such model, it cannot be read, or it writes no programs.
        DataFormatError: The data set that the settings name cannot be read.
    """
    from ulmus.models.inventing import CONDITIONAL, KIND, read_inventing
    from ulmus.models.prefixes import check_prefix
    from ulmus.models.shelf import find_model, open_model
    from ulmus.operators.sample import SampleOperator
    from ulmus.training.dataset import hashes_in

    if not settings.model:
        raise ConfigError("the operator sample needs a model of programs; name it: sample:FOLDER")
    folder = find_model(settings.model)
    told = read_inventing(folder, KIND, CONDITIONAL).on(settings.terrain)
    if settings.terrain:
        check_prefix(folder, settings.terrain, told.prefix_vectors)
    model, _ = open_model(settings.model)
    known: AbstractSet[str] = frozenset()
    if settings.new_attempts > 1:
        if not settings.known:
            raise ConfigError(
                "the operator sample draws what is known again (new_attempts is "
                f"{settings.new_attempts}), so it needs the folder of a data set: set `known`"
            )
        known = hashes_in(Path(settings.known))
    return SampleOperator(model, told, settings, _plain(name), known)


def _plain(name: str) -> str:
    """Return a name of an operator without what would break an option."""
    return name.replace("=", "_").replace(",", "_")


def layout_of(told: Taught, form: str | None = None) -> Layout:
    """Return how a model is asked: as it was taught, in another form if one is named.

    Raises:
        ConfigError: There is no such style or form.
    """
    return Layout(style=cast(Any, told.style), form=form or told.form)


def make_problem(name: str, options: Mapping[str, Any]) -> Problem:
    """Return a problem by name.

    Raises:
        ConfigError: Unknown name or option, or a bad value.
    """
    return cast(Problem, _make("problem", name, options))


def _make(kind: str, name: str, options: Mapping[str, Any]) -> object:
    maker = _find(kind, name)
    known = (
        [field.name for field in fields(maker)] if hasattr(maker, "__dataclass_fields__") else []
    )
    for key in options:
        if key not in known:
            raise unknown_name(f"option of {kind} {name}", key, known)
    try:
        # As JSON, which is how a run keeps them: a list may stand for a tuple, "3" not for 3.
        text = json.dumps(dict(options), ensure_ascii=False).encode("utf-8")
        return TypeAdapter(maker).validate_json(text, strict=True) if options else maker()
    except UnicodeEncodeError:
        raise ConfigError(f"options of {kind} {name} must be UTF-8 text, got {options}") from None
    except ValidationError as error:
        raise ConfigError(f"bad option of {kind} {name}: {explain(error, known)}") from None


def _find(kind: str, name: str) -> Any:
    target = BUILT_INS[kind].get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    for entry in metadata.entry_points(group=ENTRY_POINTS[kind], name=name):
        return entry.load()
    path, colon, attribute = name.rpartition(":")
    if colon and path.endswith(".py"):
        loaded = load_file(path)
        if not hasattr(loaded, attribute):
            raise ConfigError(f"{path} defines no {attribute!r} (asked for as {kind} {name!r})")
        return getattr(loaded, attribute)
    raise unknown_name(kind, name, known_names(kind))


def files_of(config: RunConfig) -> tuple[str, ...]:
    """Return the files that the names of a configuration point into, for the workers."""
    names = (config.problem, config.sandbox, *config.operators)
    return tuple(name.rpartition(":")[0] for name in names if ".py:" in name)
