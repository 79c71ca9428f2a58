"""The operator of a study: made by name, told its message, its model and its rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

from ulmus.catalogue import known_names, make_operator
from ulmus.errors import ConfigError, unknown_name
from ulmus.models.base import Model
from ulmus.operators.base import Operator
from ulmus.operators.diff import GENERAL_MODEL, DiffSettings
from ulmus.workers import load_file

FIXED_BUGS = "Fixed bugs."
"""The commit message of the paper's bug-repair experiments (arXiv 2206.08896, section 5)."""

REWRITE = "rewrite"
"""The one operator that only studies have: a model writes the whole program anew."""

ONE_ANSWER = DiffSettings(attempts=1, check=False)
"""A study looks at what a model says: nothing is drawn again or refused before it is judged."""


@runtime_checkable
class TakesMessages(Protocol):
    """An operator that is asked with a commit message."""

    def with_messages(self, messages: Mapping[str, float]) -> Operator:
        """Return the same operator with other messages, by weight."""
        ...


@runtime_checkable
class TakesRate(Protocol):
    """An operator that has a rate of mutation."""

    def with_rate(self, rate: float) -> Operator:
        """Return the same operator with another rate."""
        ...


def subject(name: str, model: str | None = None) -> Operator:
    """Return the operator that is to be studied.

    Args:
        name: Name of an operator with one parent; "rewrite" needs a model.
        model: A model folder or a name that `ulmus.models.shelf` knows, or "path/to/file.py:Name"
            for a model of one's own; for `diff` and `rewrite`.

    Raises:
        ConfigError: An unknown name, more than one parent, or a model where none is used.
        ModelError: The model cannot be read.
    """
    if name == REWRITE:
        operator = _rewrite(model)
    elif name == "diff":
        operator = make_operator(f"diff:{model or GENERAL_MODEL}", ONE_ANSWER)
    elif model is None:
        if name not in (known := known_names("operator")) and ":" not in name:
            raise unknown_name("operator", name, [*known, REWRITE])
        operator = make_operator(name)
    else:
        raise ConfigError(f"the operator {name!r} has no model; --model is for diff and rewrite")
    if operator.arity != 1:
        raise ConfigError(f"a study needs an operator with one parent, {name!r} has two")
    return operator


def with_message(operator: Operator, message: str) -> Operator:
    """Return the operator with one message, or as it is if it takes none."""
    if isinstance(operator, TakesMessages):
        return operator.with_messages({message: 1.0})
    return operator


def with_rate(operator: Operator, rate: float | None) -> Operator:
    """Return the operator with a rate, or as it is if there is none or it takes none."""
    if rate is not None and isinstance(operator, TakesRate):
        return operator.with_rate(rate)
    return operator


def _rewrite(model: str | None) -> Operator:
    from ulmus.operators.rewrite import Rewrite

    if model is None:
        raise ConfigError(f"the operator {REWRITE!r} asks a language model; name one with --model")
    return Rewrite(_open(model))


def _open(name: str) -> Model:
    """Return a model by name, folder or class."""
    path, colon, attribute = name.rpartition(":")
    if colon and path.endswith(".py"):
        found = getattr(load_file(path), attribute, None)
        if found is None:
            raise ConfigError(f"{path} defines no {attribute!r} (asked for as a model)")
        return cast(Model, found() if isinstance(found, type) else found)
    from ulmus.models.shelf import open_model

    return open_model(name)[0]
