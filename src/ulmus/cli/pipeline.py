"""`ulmus pipeline`: all stages of the method in one go."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import EXIT_STATUS, Interrupts
from ulmus.cli.output import emit, say
from ulmus.cli.report import pipeline_report
from ulmus.cli.training import THREADS, prepare_torch
from ulmus.errors import unknown_name
from ulmus.records import Json

if TYPE_CHECKING:
    from ulmus.pipeline.keeping import Record
    from ulmus.search.loop import Progress
    from ulmus.training.collapse import Iteration
    from ulmus.training.loop import Report


def pipeline(
    what: Annotated[
        str, typer.Argument(help="sodarace, or a TOML file with a preset and what it changes.")
    ],
    preset: Annotated[
        str | None, typer.Option(help="tiny, laptop, gpu or paper; tiny if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; pipelines/PRESET if not given.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a number of the preset: KEY=VALUE; repeatable."),
    ] = None,
    until: Annotated[
        str,
        typer.Option(
            help="Last stage: runs, tuning, tuned-runs, dataset, inventor, samples, conditional "
            "or report."
        ),
    ] = "report",
    workers: Annotated[
        int | None, typer.Option(min=0, help="Worker processes; all cores if not given.")
    ] = None,
    threads: THREADS = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Do all stages, from runs to walkers for a terrain, and report; run again to go on."""
    from ulmus.pipeline.loop import follow, needs_torch
    from ulmus.pipeline.making import Work
    from ulmus.pipeline.presets import preset_named, read_changes
    from ulmus.pipeline.stages import REPORT, tasks_of
    from ulmus.workers import available_cores

    file = _file(what)
    told = dict(file)
    name = preset or str(told.get("preset", "tiny"))
    told.pop("preset", None)
    numbers = preset_named(
        name, {**told, **read_changes(changes or [])}, what if file else "the options"
    )
    folder = out or Path("pipelines") / name
    tasks = tasks_of(numbers, until)
    cores = available_cores()
    lines = _Lines(folder, numbers.ppo_iterations)
    with needs_extra(), Interrupts() as interrupts:
        if needs_torch(tasks):
            _prepare(threads, numbers.inventor_size)
        work = Work(
            cores if workers is None else workers, say, lines.search, lines.training,
            lines.iteration, interrupts.asked,
        )  # fmt: skip
        say(f"{folder}: preset {name}, {len(tasks)} tasks")
        records = follow(name, numbers, folder, work, until=until)
        page = pipeline_report(folder, None) if until == REPORT else None
    _print(folder, name, records, page, json)
    if any(not record.done for record in records.values()):
        raise typer.Exit(EXIT_STATUS)


def _file(what: str) -> Mapping[str, Any]:
    """Return what a TOML file changes; nothing if the name of a pipeline was given.

    Raises:
        ConfigError: There is no such pipeline, or the file cannot be read.
    """
    from ulmus.config import read_toml
    from ulmus.pipeline.making import PROBLEM

    if what.lower().endswith(".toml"):
        return read_toml(Path(what))
    if what != PROBLEM:
        raise unknown_name("pipeline", what, [PROBLEM])
    return {}


def _prepare(threads: int | None, size: str) -> None:
    """Import what the trainings need, so that a missing package is named before the first run."""
    prepare_torch(threads, size)
    import ulmus.training.conditional
    import ulmus.training.diff_model
    import ulmus.training.inventor  # noqa: F401


@dataclass
class _Lines:
    """Prints where the work stands, in plain lines, not too often.

    Attributes:
        out: Folder of the pipeline.
        num_iterations: Of the conditional inventor.
        every_s: Seconds between two lines.
    """

    out: Path
    num_iterations: int
    every_s: float = field(default_factory=lambda: 2.0 if sys.stderr.isatty() else 30.0)
    _last: float = field(default_factory=time.monotonic)

    def _due(self, end: bool = False) -> bool:
        now = time.monotonic()
        if now - self._last < self.every_s and not end:
            return False
        self._last = now
        return True

    def search(self, folder: Path, progress: Progress) -> None:
        """Print where a run stands."""
        if self._due():
            best = progress.archive.best
            say(
                f"{folder.relative_to(self.out)}: {progress.evaluations:,} evaluations at "
                f"{progress.evaluations_per_s:,.0f}/s, {len(progress.archive)} cells, QD score "
                f"{progress.archive.qd_score:,.0f}, best {best[1].fitness if best else 0.0:.1f}, "
                f"{100 * progress.valid_share:.0f} % valid"
            )

    def training(self, folder: Path, report: Report) -> None:
        """Print where a training stands."""
        test = report.reading and report.reading.test_loss
        if self._due(report.done >= 1 or test is not None):
            say(
                f"{folder.relative_to(self.out)}: step {report.step:,}, loss {report.loss:.3f}"
                + (f", test loss {test:.3f}" if test is not None else "")
                + f", {100 * report.done:.0f} %, {report.left_s / 60:.1f} min left"
            )

    def iteration(self, folder: Path, told: Iteration) -> None:
        """Print what an iteration came to."""
        if self._due(told.iteration == self.num_iterations):
            terrains = ", ".join(
                f"{name} {one.mean:.1f} (best {one.best_so_far:.0f}, {100 * one.valid:.0f} % valid)"
                for name, one in told.terrains.items()
            )
            say(
                f"{folder.relative_to(self.out)}: iteration {told.iteration} of "
                f"{self.num_iterations}: {terrains}, KL {told.kl:.1f}"
            )
            for text in told.warnings:
                say(f"  {text}")


def _print(
    folder: Path, name: str, records: Mapping[str, Record], page: Path | None, json: bool
) -> None:
    if json:
        stages: dict[str, Json] = {
            task: {
                "stage": record.stage, "done": record.done, "seconds": round(record.seconds, 1),
                **_without_maps(record.figures or {}),
            }
            for task, record in records.items()
        }  # fmt: skip
        told = None if page is None else str(page)
        emit({"pipeline": str(folder), "preset": name, "stages": stages, "report": told})
        return
    for task, record in records.items():
        print(f"{task:28} {record.seconds / 60:7.1f} min  {_words(record)}")
    if page is not None:
        print(f"report: {page}")


def _without_maps(figures: Mapping[str, Json]) -> dict[str, Json]:
    """Return figures without the cells of their maps, which the records keep."""
    return {
        key: _without_maps(value) if isinstance(value, dict) else value
        for key, value in figures.items()
        if key != "map"
    }


_TOLD = {
    "evaluations": "{:,} evaluations", "edits": "{:,} accepted edits", "programs": "{:,} programs",
    "samples": "{:,} samples", "valid": "{:.0%} valid", "cells": "{:,} cells",
    "qd_score": "QD score {:,.0f}", "best": "best {:.1f}", "loss": "loss {:.3f}",
    "test_loss": "test loss {:.3f}", "iterations": "{:,} iterations",
}  # fmt: skip


def _words(record: Record) -> str:
    """Return the key figures of a task in words."""
    figures = record.figures
    if figures is None:
        return "stopped; the same command goes on"
    words = [
        form.format(figures[key])
        for key, form in _TOLD.items()
        if isinstance(figures.get(key), int | float)
    ]
    after = figures.get("after")
    if isinstance(after, dict) and isinstance(after["mean"], dict):
        words += [
            f"{name} {row[name]:.1f}"
            for name, row in after["mean"].items()
            if isinstance(row, dict)
        ]
    return ", ".join(words)
