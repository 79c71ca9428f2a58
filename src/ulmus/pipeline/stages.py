"""What a pipeline consists of: a list of tasks, each of which makes one folder from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ulmus.errors import unknown_name
from ulmus.pipeline import making
from ulmus.pipeline.presets import Preset
from ulmus.records import Json

if TYPE_CHECKING:
    from ulmus.pipeline.making import Work

Figures: TypeAlias = dict[str, Json]

REPORT = "report"
STAGES = ("runs", "tuning", "tuned-runs", "dataset", "inventor", "samples", "conditional", REPORT)
"""The stages in order. The report has no task: it is drawn anew from what there is."""

NEED_TORCH = ("tuning", "inventor", "conditional")
"""Stages that need the extra `train`."""


@dataclass(frozen=True)
class Task:
    """One folder of a pipeline, and how it is made.

    Attributes:
        stage: One of `STAGES`.
        folder: Below the folder of the pipeline.
        settings: All that decides the result, besides what the inputs are.
        inputs: Folders of other tasks that it reads.
        make: Makes the folder or goes on with it; returns key figures, None if it was stopped.
    """

    stage: str
    folder: str
    settings: Mapping[str, Json]
    inputs: tuple[str, ...]
    make: Callable[[Work, Path, Mapping[str, Any], Sequence[Path]], Figures | None]


def tasks_of(preset: Preset, until: str = REPORT) -> tuple[Task, ...]:
    """Return the tasks of a pipeline in the order in which they can be done.

    Args:
        preset: Its numbers.
        until: The last stage.

    Raises:
        ConfigError: There is no such stage.
    """
    if until not in STAGES:
        raise unknown_name("stage", until, STAGES)
    first = _runs("runs", "1-runs", preset, preset.evaluations, preset.operators)
    tuning = Task(
        "tuning", "2-tuned/model",
        {
            "model": preset.model, "steps": preset.tune_steps, "tokens": preset.tune_tokens,
            "judged": preset.tune_judged, "batch_size": preset.batch_size,
        },
        _folders(first), making.make_tuned,
    )  # fmt: skip
    fresh: list[Task] = []
    if preset.tuned_evaluations:
        fresh = _runs(
            "tuned-runs", "2-tuned", preset, preset.tuned_evaluations, preset.tuned_operators,
            (tuning.folder,),
        )  # fmt: skip
    sources = [*first, *fresh] if preset.first_runs_count else (fresh or first)
    datasets = [
        Task(
            "dataset", f"3-dataset/{percentile:g}", {"percentile": percentile}, _folders(sources),
            making.make_dataset,
        )
        for percentile in preset.percentiles
    ]  # fmt: skip
    learned = f"3-dataset/{preset.percentile:g}"
    inventor = Task(
        "inventor", "4-inventor",
        {
            "base": preset.inventor_base, "size": preset.inventor_size,
            "vocabulary": preset.inventor_vocabulary,
            "whole_lines": preset.inventor_whole_lines, "balanced": preset.inventor_balanced,
            "context": preset.inventor_context,
            "tokens_per_step": preset.inventor_tokens, "steps": preset.inventor_steps,
            "minutes": preset.inventor_minutes, "epochs": preset.inventor_epochs,
        },
        (learned,), making.make_inventor,
    )  # fmt: skip
    samples = Task(
        "samples", "5-samples",
        {
            "samples": preset.samples, "max_tokens": preset.max_tokens,
            "temperature": preset.sample_temperature, "attempts": preset.sample_attempts,
            "new_attempts": preset.sample_new_attempts,
        },
        (inventor.folder, learned), making.make_samples,
    )  # fmt: skip
    conditional = [
        Task(
            "conditional", f"6-conditional/seed-{seed}",
            {
                "seed": seed, "terrains": list(preset.terrains),
                "terrain_network": preset.terrain_network, "iterations": preset.ppo_iterations,
                "samples": preset.ppo_samples, "max_tokens": preset.max_tokens,
                "queue": preset.ppo_queue, "judged": preset.ppo_judged,
            },
            (inventor.folder,), making.make_conditional,
        )
        for seed in range(1, preset.ppo_seeds + 1)
    ]  # fmt: skip
    tasks = (*first, tuning, *fresh, *datasets, inventor, samples, *conditional)
    last = STAGES.index(until)
    return tuple(task for task in tasks if STAGES.index(task.stage) <= last)


def _runs(
    stage: str,
    parent: str,
    preset: Preset,
    evaluations: int,
    operators: Mapping[str, float],
    inputs: tuple[str, ...] = (),
) -> list[Task]:
    return [
        Task(
            stage, f"{parent}/{Path(program).stem}-{seed}",
            {
                "seed_program": program, "seed": seed, "evaluations": evaluations,
                "batch_size": preset.batch_size, "operators": dict(operators),
            },
            inputs, making.make_run,
        )
        for program in preset.seed_programs
        for seed in range(1, preset.runs_per_seed + 1)
    ]  # fmt: skip


def _folders(tasks: Sequence[Task]) -> tuple[str, ...]:
    return tuple(task.folder for task in tasks)
