"""How each task of a pipeline makes its folder, or goes on with what is in it.

Each of these functions gets the work at large, the folder, the settings of the task and the folders
that it reads. It returns key figures, or None if it was stopped; the same call then goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ulmus import experiment as root
from ulmus.config import validated
from ulmus.errors import TrainingError
from ulmus.invention.sampling import figures_of, map_of_rows, sampling_of
from ulmus.records import Json
from ulmus.runs.file import FILE_NAME
from ulmus.runs.log import RunLog
from ulmus.search.archive import Archive
from ulmus.search.loop import Progress
from ulmus.training.dataset import read_dataset, write_dataset
from ulmus.training.programs import programs_of_runs

if TYPE_CHECKING:
    from ulmus.config import RunConfig
    from ulmus.training.collapse import Iteration
    from ulmus.training.loop import Report

PROBLEM = "sodarace"
NUM_LOSSES = 200
"""Points of a loss curve."""


def _nobody(folder: Path, told: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Work:
    """How the tasks are done; nothing of it changes a result.

    Attributes:
        workers: Worker processes.
        say: Is told what happens, in a few words.
        search: Is told where a run stands.
        training: Is told where a training stands.
        iteration: Is told what an iteration of the conditional inventor came to.
        stop: Is asked now and then whether to stop.
    """

    workers: int
    say: Callable[[str], None] = field(default=lambda text: None)
    search: Callable[[Path, Progress], None] = _nobody
    training: Callable[[Path, Report], None] = _nobody
    iteration: Callable[[Path, Iteration], None] = _nobody
    stop: Callable[[], bool] = lambda: False


# ── Runs ──────────────────────────────────────────────────────────────────────────────────────


def make_run(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Run a search from one seed program; an input is the model of its diff operator."""
    config = run_config(settings, inputs[0] if inputs else None, work.workers)
    return _run_figures(_searched(work, folder, config), folder, config)


def run_config(settings: Mapping[str, Any], model: Path | None, workers: int) -> RunConfig:
    """Return the configuration of a run.

    Raises:
        ConfigError: There is no such seed program or operator.
    """
    values: dict[str, Any] = {
        "problem": PROBLEM,
        "options": {"seed_program": settings["seed_program"]},
        "operators": settings["operators"],
        "seed": settings["seed"],
        "batch_size": settings["batch_size"],
        "evaluations": settings["evaluations"],
        "workers": workers,
    }
    if model is not None:
        values["diff"] = {"model": str(model.resolve())}
    return validated(values, "the preset")


def _searched(work: Work, folder: Path, config: RunConfig) -> Progress:
    """Search until the budget is spent or the work is stopped, in a new run or one begun."""
    if (folder / FILE_NAME).exists():
        experiment, log = root.resume(folder, None, config.model_dump())
    else:
        experiment, log = root.start(config, folder)
    with log:
        return root.run(
            experiment, log, observe=lambda progress: work.search(folder, progress), stop=work.stop
        )


def _run_figures(progress: Progress, folder: Path, config: RunConfig) -> dict[str, Json] | None:
    if progress.evaluations < (config.evaluations or 0):
        return None
    best = progress.archive.best
    return {
        "evaluations": progress.evaluations,
        "valid": progress.valid_share,
        "cells": len(progress.archive),
        "qd_score": progress.archive.qd_score,
        "best": best[1].fitness if best else 0.0,
    }


# ── Operator tuning ───────────────────────────────────────────────────────────────────────────


def make_tuned(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Tune the diff model on what runs accepted."""
    from ulmus import tuning

    with RunLog.open_read_only(inputs[0]) as log:
        config = root.stored_config(log)
    result = tuning.tune(
        inputs,
        settings["model"],
        folder,
        training=tuning.Round(settings["steps"], tokens_per_step=settings["tokens"]),
        config=config,
        num_judged=settings["judged"],
        resume=begun(folder),
        observe=_watched(work, folder),
        say=work.say,
        stop=work.stop,
    )
    if result is None:
        return None
    quality: dict[str, Json] = {name: asdict(value) for name, value in result.quality.items()}
    return {"edits": result.num_edits, "held_out": result.num_held_out, "quality": quality}


# ── Data set ──────────────────────────────────────────────────────────────────────────────────


def make_dataset(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Collect the good programs of runs."""
    if folder.exists():  # it appears whole or not at all
        made = read_dataset(folder)
    else:
        made = programs_of_runs(inputs, settings["percentile"])
        write_dataset(made, folder)
    archive = map_of_rows(made, len(made.train), 0)
    return {
        "programs": sum(made.facts.rows.values()),
        "train": made.facts.rows["train"],
        "test": made.facts.rows["test"],
        **_of_archive(archive),
    }


def _of_archive(archive: Archive) -> dict[str, Json]:
    """Return the figures of a map, with the fitness of each cell."""
    best = archive.best
    cells: list[Json] = [[cell, elite.fitness] for cell, elite in archive]
    return {
        "cells": len(archive),
        "qd_score": archive.qd_score,
        "best": best[1].fitness if best else 0.0,
        "map": cells,
    }


# ── Inventor ──────────────────────────────────────────────────────────────────────────────────


def make_inventor(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Train the model of whole programs."""
    from ulmus.training import inventor

    result = inventor.train(
        read_dataset(inputs[0]),
        inventor.Settings(**settings),
        folder,
        resume=begun(folder),
        observe=_watched(work, folder),
        stop=work.stop,
        origin=inputs[0].name,
    )
    if result is None:
        return None
    return {
        "steps": result.steps,
        "epochs": result.epochs,
        "programs": result.num_texts,
        "loss": result.loss,
        "test_loss": result.test_loss,
    }


# ── Samples ───────────────────────────────────────────────────────────────────────────────────


def make_samples(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Let the inventor fill a fresh map, and compare it with programs of the data set."""
    model, data = inputs
    told = {key: settings[key] for key in ("temperature", "attempts", "new_attempts")}
    if settings["max_tokens"]:
        told["max_tokens"] = settings["max_tokens"]
    if told["new_attempts"] > 1:
        told["known"] = str(data.resolve())
    config = sampling_of(
        str(model.resolve()), told, {}, evaluations=settings["samples"], workers=work.workers
    )
    if _run_figures(_searched(work, folder, config), folder, config) is None:
        return None
    dataset = read_dataset(data)
    with RunLog.open_read_only(folder) as log:
        figures = figures_of(log, dataset)
    drawn = map_of_rows(dataset, settings["samples"], config.seed)
    return {
        "samples": figures.map.programs,
        "valid": figures.valid,
        "distinct": figures.distinct,
        "new": figures.new,
        "new_scores": figures.new_scores,
        "cells": figures.map.cells,
        "qd_score": figures.map.qd_score,
        "best": figures.map.best,
        "data": {"programs": min(settings["samples"], len(dataset.train)), **_of_archive(drawn)},
    }


# ── Conditional inventor ──────────────────────────────────────────────────────────────────────


def make_conditional(
    work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
) -> dict[str, Json] | None:
    """Train the model that invents for a terrain."""
    from ulmus.models.inventing import read_inventing
    from ulmus.rewards import TerrainScores
    from ulmus.training import conditional

    told = conditional.Settings(**{**settings, "terrains": tuple(settings["terrains"])})
    taught = read_inventing(inputs[0])
    problem, options = taught.problem, taught.problem_options
    with TerrainScores(problem, options, told.terrains, workers=work.workers) as scores:
        result = conditional.train(
            inputs[0],
            scores,
            told,
            folder,
            resume=begun(folder),
            observe=lambda iteration: work.iteration(folder, iteration),
            stop=work.stop,
        )
    if result is None:
        return None
    return {
        "iterations": result.iterations,
        "before": result.before.to_json(),
        "after": result.after.to_json(),
        "best": dict(result.best),
    }


# ── Trainings that go on ──────────────────────────────────────────────────────────────────────


def begun(folder: Path) -> bool:
    """Tell whether a training can go on in a folder.

    Without a checkpoint there is nothing in it but what a kill left behind, which is removed.
    """
    if any((folder / "checkpoints").glob("step-*")):
        return True
    if folder.exists():
        shutil.rmtree(folder)
    losses_file(folder).unlink(missing_ok=True)
    return False


def losses_file(folder: Path) -> Path:
    """Return where the loss curve of a training is kept, beside its folder."""
    return folder.with_name(f"{folder.name}.losses.jsonl")


def _watched(work: Work, folder: Path) -> Callable[[Report], None]:
    """Return an observer that also keeps a loss curve, which a resumed training goes on with.

    Steps that are made again after a kill are written again; who reads takes the last line.
    """
    file = losses_file(folder)
    last = -1

    def observe(report: Report) -> None:
        nonlocal last
        work.training(folder, report)
        reading = report.reading
        place = int(report.done * NUM_LOSSES)
        if place == last and reading is None:
            return
        last = place
        test = None if reading is None else reading.test_loss
        line = json.dumps({"step": report.step, "loss": report.loss, "test_loss": test})
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except OSError as error:
            raise TrainingError(f"cannot write {file}: {error.strerror}") from error

    return observe
