"""What a run is told: defaults, a TOML file and options, merged and validated."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ulmus.errors import ConfigError, unknown_name
from ulmus.operators.diff import GENERAL_MESSAGES, GENERAL_MODEL, DiffSettings
from ulmus.operators.sample import SampleSettings
from ulmus.workers import available_cores

DEFAULT_OPERATORS = {"syntax": 0.8, "crossover": 0.2}
OPERATORS_OF = {"sodarace": {"syntax": 0.78, "crossover": 0.2, "diff": 0.02}}
"""Other mixtures for the problems that the model which ships was taught; see LOG.md for the table
that chose it. Of other problems it knows nothing."""
DIFF_ELSEWHERE: Mapping[str, Any] = {"model": GENERAL_MODEL, "messages": dict(GENERAL_MESSAGES)}
"""What the operator `diff` is told for all other problems, if the user does not say otherwise."""
DEFAULT_MINUTES = 1.0
BUDGET = frozenset({"evaluations", "minutes", "tokens"})
"""The keys that say when a run ends."""

TABLES = ("options", "diff", "sample")
"""The keys that hold tables, which are merged key by key."""

_SETTINGS: Mapping[str, type[BaseModel]] = {"diff": DiffSettings, "sample": SampleSettings}
"""What the tables hold whose keys are known."""


class RunConfig(BaseModel):
    """All that decides what a run does.

    Attributes:
        problem: Name of the problem.
        options: Options of the problem, such as `terrain` of sodarace.
        operators: Weight by name of the operator.
        diff: How the operator `diff` asks its model.
        sample: How the operator `sample` asks its model.
        adapt: Let the shares of the operators follow what their children come to.
        tune_every: The model of the operator `diff` learns from what the run accepted after each
            so many evaluations; None: never.
        tune_steps: Steps of each of these trainings.
        sandbox: Name of the sandbox tier.
        seed: Seed of the run.
        batch_size: Proposals per batch.
        depth: How many batches generation may be ahead of the map.
        evaluations: The run ends after so many evaluations; a total over all resumes.
        minutes: The run ends after so many minutes; a total over all resumes.
        tokens: The run ends after models on servers have read and written so many tokens; a total
            over all resumes.
        workers: Worker processes; does not change what the run finds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    problem: str = "sodarace"
    options: dict[str, JsonValue] = Field(default_factory=dict)
    operators: dict[str, float] = Field(
        default_factory=lambda told: dict(OPERATORS_OF.get(told.get("problem"), DEFAULT_OPERATORS))
    )
    diff: DiffSettings = Field(default_factory=DiffSettings, validate_default=True)
    sample: SampleSettings = Field(default_factory=SampleSettings)
    adapt: bool = False
    tune_every: int | None = Field(default=None, ge=1)
    tune_steps: int = Field(default=300, ge=1)
    sandbox: str = "wasm"
    seed: int = 0
    batch_size: int = Field(default=64, ge=1, le=100_000)
    depth: int = Field(default=2, ge=1, le=64)
    evaluations: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=1)
    workers: int = Field(default_factory=available_cores, ge=0, le=1024)

    @field_validator("diff")
    @classmethod
    def _for_the_problem(cls, diff: DiffSettings, told: ValidationInfo) -> DiffSettings:
        if told.data.get("problem") in OPERATORS_OF:
            return diff
        missing = DIFF_ELSEWHERE.keys() - diff.model_fields_set
        return diff.model_copy(update={key: DIFF_ELSEWHERE[key] for key in missing})


def read_config(file: Path | None, overrides: Mapping[str, Any]) -> RunConfig:
    """Merge defaults, a TOML file and options, in this order, and validate the result.

    Args:
        file: An experiment in TOML, or None.
        overrides: Values by field of `RunConfig`; tables are merged key by key.

    Raises:
        ConfigError: Unreadable file, unknown key (the nearest is named) or bad value.
    """
    values: dict[str, Any] = {} if file is None else read_toml(file)
    where = "the options" if file is None else str(file)
    return validated(merge(values, overrides), where)


def read_toml(file: Path) -> dict[str, Any]:
    """Return what a TOML file says, unchecked.

    Raises:
        ConfigError: The file cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read the experiment {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file} is not valid TOML: it is nested too deeply") from error


def merge(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with overrides, which win; tables are merged key by key."""
    merged = {**values, **overrides}
    for table in TABLES:
        inner = [part.get(table, {}) for part in (values, overrides)]
        if all(isinstance(part, Mapping) for part in inner) and any(inner):
            merged[table] = {**inner[0], **inner[1]}
    return merged


def validated(values: Mapping[str, Any], where: str) -> RunConfig:
    """Return the configuration that values describe.

    Args:
        values: By field of `RunConfig`.
        where: Where they come from, for the message.

    Raises:
        ConfigError: An unknown key (the nearest is named) or a bad value.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {explain(error, list(RunConfig.model_fields))}") from None


def explain(error: ValidationError, known: Sequence[str]) -> str:
    """Return one line about all that is wrong: key, what was expected and what came."""
    lines = []
    for item in error.errors():
        key = ".".join(map(str, item["loc"])) if item["loc"] else "value"
        if item["type"] == "extra_forbidden":
            table = item["loc"][0] if len(item["loc"]) > 1 else None
            inner = _SETTINGS.get(str(table))
            names = list(inner.model_fields) if inner else known
            kind = f"key of [{table}]" if inner else "key"
            lines.append(str(unknown_name(kind, str(item["loc"][-1]), names)))
        else:
            lines.append(f"{key}: {item['msg']}, got {item['input']!r}")
    return "; ".join(lines)
