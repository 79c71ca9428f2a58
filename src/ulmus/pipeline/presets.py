"""How large a pipeline is: four presets in one table, and what a user changes of them.

How `paper` departs from the paper: its operator was trained on all of GitHub, ours is the model
that ships with ulmus; its axes, simulated time and much else are not stated. One data set, one set
of terrains and one kind of terrain network are learned from at a time, of the paper's eight.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ulmus.config import explain
from ulmus.errors import ConfigError, unknown_name


class Preset(BaseModel):
    """All numbers of a pipeline.

    Attributes:
        seed_programs: What the runs start from.
        runs_per_seed: Runs of each, with the seeds 1, 2, ...
        evaluations: Of each run.
        batch_size: Proposals per batch, of all runs.
        operators: Weight by name of the operator, of the first runs.
        model: The diff model that is tuned on what they accepted; empty for the default one.
        tune_steps: Steps of the tuning.
        tune_tokens: Tokens of each; None: the usual number.
        tune_judged: Held-out edits that are asked for before and after the tuning.
        tuned_evaluations: Of each fresh run with the tuned model; 0: there are none, and only the
            first runs feed the data sets.
        tuned_operators: Weight by name of the operator, of the fresh runs.
        first_runs_count: The first runs feed the data sets as well as the fresh ones.
        percentiles: A data set is made for each.
        percentile: The one that the inventor learns from.
        inventor_base: "none", or a model to start from.
        inventor_size: Of a new network.
        inventor_vocabulary: Tokens of a new tokenizer.
        inventor_whole_lines: Tokens of a new tokenizer may reach over words.
        inventor_balanced: Each cell of the map is learned from equally often.
        inventor_context: Tokens of a row.
        inventor_tokens: Tokens of a step; None: the usual number.
        inventor_steps: Steps at most; None: no limit.
        inventor_minutes: Minutes at most; None: no limit.
        inventor_epochs: Passes over the data at most; None: no limit.
        samples: Programs that the inventor writes into a fresh map.
        sample_temperature: Of these.
        sample_attempts: How often one is drawn until it parses and names are known.
        sample_new_attempts: How often one is drawn until it is no program of the data set.
        max_tokens: Longest program that is written, in tokens; None: as long as those learned.
        terrains: What the conditional inventor is trained on.
        terrain_network: "codes" or "picture".
        ppo_seeds: Trainings of it, with the seeds 1, 2, ...
        ppo_iterations: Iterations of each.
        ppo_samples: Programs per iteration.
        ppo_queue: Best programs so far that are imitated besides, for each terrain; 0: none.
        ppo_judged: Programs per terrain that are scored on every terrain, before and after.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seed_programs: list[str] = Field(min_length=1)
    runs_per_seed: int = Field(ge=1)
    evaluations: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    operators: dict[str, float] = Field(min_length=1)
    model: str
    tune_steps: int = Field(ge=1)
    tune_tokens: int | None = Field(ge=1)
    tune_judged: int = Field(ge=0)
    tuned_evaluations: int = Field(ge=0)
    tuned_operators: dict[str, float] = Field(min_length=1)
    first_runs_count: bool
    percentiles: list[float] = Field(min_length=1)
    percentile: float = Field(gt=0, le=100)
    inventor_base: str
    inventor_size: str
    inventor_vocabulary: int = Field(ge=300)
    inventor_whole_lines: bool
    inventor_balanced: bool
    inventor_context: int = Field(ge=8)
    inventor_tokens: int | None = Field(ge=1)
    inventor_steps: int | None = Field(ge=1)
    inventor_minutes: float | None = Field(gt=0)
    inventor_epochs: float | None = Field(gt=0)
    samples: int = Field(ge=1)
    sample_temperature: float = Field(ge=0, allow_inf_nan=False)
    sample_attempts: int = Field(ge=1, le=100)
    sample_new_attempts: int = Field(ge=1, le=100)
    max_tokens: int | None = Field(ge=1)
    terrains: list[str] = Field(min_length=1)
    terrain_network: str
    ppo_seeds: int = Field(ge=1)
    ppo_iterations: int = Field(ge=1)
    ppo_samples: int = Field(ge=1)
    ppo_queue: int = Field(ge=0)
    ppo_judged: int = Field(ge=1)


NAMES = ("tiny", "laptop", "gpu", "paper")
"""The presets, in the order of the columns below."""

_SYNTAX = {"syntax": 0.8, "crossover": 0.2}
_MIXED = {"syntax": 0.5, "crossover": 0.1, "diff": 0.4}
_DIFF = {"diff": 1.0}
_SEEDS = ["square", "cppn-fixed", "cppn-mutable"]  # Radial's gaits are chaotic (paper, section 4)
_PLACES = ["left_wall", "right_wall", "tunnel"]

TABLE: Mapping[str, tuple[Any, Any, Any, Any]] = {
    #                      tiny       laptop     gpu        paper
    "seed_programs":       (["square", "cppn-fixed"], _SEEDS, _SEEDS, _SEEDS),
    "runs_per_seed":       (1,         1,         3,         3),
    "evaluations":         (192,       70_000,    200_000,   1_024_000),
    "batch_size":          (64,        64,        256,       512),
    "operators":           (_SYNTAX,   _SYNTAX,   _MIXED,    _DIFF),
    "model":               ("",        "",        "",        ""),
    "tune_steps":          (2,         300,       2_000,     5_000),
    "tune_tokens":         (256,       None,      32_768,    65_536),
    "tune_judged":         (0,         100,       400,       400),
    "tuned_evaluations":   (64,        10_000,    200_000,   1_024_000),
    "tuned_operators":     (_MIXED,    _MIXED,    _DIFF,     _DIFF),
    "first_runs_count":    (True,      True,      False,     False),
    "percentiles":         ([80.0, 50.0],) * 4,
    "percentile":          (80.0,      80.0,      80.0,      80.0),
    "inventor_base":       ("none",    "none",    "none",    "none"),
    "inventor_size":       ("tiny",    "3m",      "33m",     "300m"),
    "inventor_vocabulary": (2_048,     1_024,     4_096,     8_192),
    "inventor_whole_lines": (True,     True,      False,     False),
    "inventor_balanced":   (True,      False,     False,     False),
    "inventor_context":    (512,       1_024,     1_024,     2_048),
    "inventor_tokens":     (512,       None,      32_768,    131_072),
    "inventor_steps":      (600,       None,      None,      None),
    "inventor_minutes":    (None,      95.0,      120.0,     None),
    "inventor_epochs":     (None,      None,      None,      8.0),
    "samples":             (64,        1_024,     1_024,     1_024),
    "sample_temperature":  (1.0,       1.1,       1.0,       1.0),
    "sample_attempts":     (1,         5,         1,         1),
    "sample_new_attempts": (1,         2,         1,         1),
    "max_tokens":          (None,      None,      None,      None),
    "terrains":            (_PLACES,) * 4,
    "terrain_network":     ("codes",   "codes",   "codes",   "codes"),
    "ppo_seeds":           (2,         2,         3,         3),
    "ppo_iterations":      (2,         60,        100,       100),
    "ppo_samples":         (24,        96,        512,       1_024),
    "ppo_queue":           (8,         8,         8,         0),
    "ppo_judged":          (8,         342,       128,       256),
}  # fmt: skip
"""Every number of every preset."""


def preset_named(name: str, changes: Mapping[str, Any], where: str = "the options") -> Preset:
    """Return a preset with some of its numbers changed.

    Args:
        name: One of `NAMES`.
        changes: Values by field of `Preset`.
        where: Where they come from, for the message.

    Raises:
        ConfigError: An unknown preset or number (the nearest is named), or a bad value.
    """
    if name not in NAMES:
        raise unknown_name("preset", name, NAMES)
    column = NAMES.index(name)
    values = {key: row[column] for key, row in TABLE.items()}
    try:
        preset = Preset.model_validate({**values, **changes})
    except ValidationError as error:
        raise ConfigError(f"{where}: {explain(error, list(Preset.model_fields))}") from None
    if preset.percentile not in preset.percentiles:
        raise ConfigError(
            f"{where}: percentile must be one of percentiles, {preset.percentiles}; "
            f"got {preset.percentile}"
        )
    return preset


def read_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Read "key=value"; values as in TOML, and what is none, such as square, is a text.

    Raises:
        ConfigError: There is no "=", or a key comes twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals):
            raise ConfigError(f"--set: expected KEY=VALUE such as evaluations=1000, got {text!r}")
        if key in found:
            raise ConfigError(f"--set: {key!r} comes twice")
        found[key] = _value(key, value)
    return found


def _value(key: str, text: str) -> Any:
    """Return what a text says in TOML; "none" is None, which TOML lacks."""
    field = Preset.model_fields.get(key)
    if field is not None and field.annotation is str:
        return text.strip("\"'")
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
