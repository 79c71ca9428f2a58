"""The loop of a pipeline: each task is reused, gone on with, or made."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ulmus
from ulmus import experiment as root
from ulmus.catalogue import make_problem
from ulmus.errors import RunWriteError
from ulmus.models.shelf import find_model
from ulmus.pipeline.keeping import (
    Record,
    check_pipeline,
    read_record,
    set_aside,
    write_pipeline,
    write_record,
)
from ulmus.pipeline.making import PROBLEM, Work, run_config
from ulmus.pipeline.presets import Preset
from ulmus.pipeline.stages import NEED_TORCH, REPORT, Task, tasks_of
from ulmus.runs.lock import FolderLock


def follow(
    name: str, preset: Preset, out: Path, work: Work, *, until: str = REPORT
) -> dict[str, Record]:
    """Do what is left to do of a pipeline and return the records of its tasks, by folder.

    Args:
        name: Of the preset.
        preset: Its numbers.
        out: Folder of the pipeline.
        work: How the tasks are done.
        until: The last stage.

    Returns:
        The records of the tasks that began; the last one is not done if the work was stopped.

    Raises:
        ConfigError: Something of the preset makes no sense, or `out` belongs to something else.
        UlmusError: A task cannot be done; what was done before is kept.
    """
    tasks = tasks_of(preset, until)
    check_pipeline(out, name)
    check(preset, tasks)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunWriteError(f"cannot use {out} for a pipeline: {error.strerror}") from error
    lock = FolderLock.take(out)
    try:
        write_pipeline(out, name, preset.model_dump(), tasks_of(preset))
        records: dict[str, Record] = {}
        for task in tasks:
            records[task.folder] = _done(task, out, work, records)
            if not records[task.folder].done:
                break
    finally:
        lock.release()
    return records


def check(preset: Preset, tasks: Sequence[Task]) -> None:
    """Check what tasks will need before the first of them begins; needs torch if they do.

    Raises:
        ConfigError: A seed program, operator, model, terrain or setting that there is none of.
    """
    for task in tasks:
        if task.stage in ("runs", "tuned-runs"):
            root.build(run_config(task.settings, None, 0)).problem.seeds()
        elif task.stage == "tuning":
            find_model(preset.model)
        elif task.stage == "inventor":
            from ulmus.training import inventor, networks

            inventor.Settings(**_named(task))
            if preset.inventor_base == "none":
                networks.shape_named(preset.inventor_size, preset.inventor_vocabulary)
        elif task.stage == "conditional":
            from ulmus.training import conditional

            conditional.Settings(**{**_named(task), "terrains": tuple(preset.terrains)})
            for terrain in preset.terrains:
                make_problem(PROBLEM, {"terrain": terrain})


def needs_torch(tasks: Sequence[Task]) -> bool:
    """Tell whether tasks need the extra `train`."""
    return any(task.stage in NEED_TORCH for task in tasks)


def _named(task: Task) -> dict[str, Any]:
    return dict(task.settings)


def _done(task: Task, out: Path, work: Work, records: Mapping[str, Record]) -> Record:
    """Do one task, or what is left of it, and return its record."""
    folder = out / task.folder
    now = Record(
        task.stage, dict(task.settings), {name: records[name].result for name in task.inputs},
        ulmus.__version__,
    )  # fmt: skip
    now = _begun(task, folder, now, work)
    if now.done:
        return now
    started = time.monotonic()
    figures = task.make(work, folder, task.settings, [out / name for name in task.inputs])
    now = replace(now, seconds=now.seconds + time.monotonic() - started, figures=figures)
    write_record(folder, now)
    if figures is None:
        work.say(f"{task.folder}: stopped; the same command goes on with it")
    else:
        work.say(f"{task.folder}: done in {now.seconds / 60:.1f} min")
    return now


def _begun(task: Task, folder: Path, now: Record, work: Work) -> Record:
    """Return the record to go on with; an older result that is no longer right is set aside."""
    before = read_record(folder)
    if before is not None and before.digest == now.digest:
        if before.done and folder.exists():
            work.say(f"{task.folder}: there already")
            return before
        if not before.done:
            work.say(f"{task.folder}: going on")
            return before
        why = "its folder is gone"
    elif before is not None:
        why = before.changes(now)
    else:
        why = "it was not made by this pipeline"
    aside = set_aside(folder)
    if aside is None:
        work.say(f"{task.folder}: begins")
    else:
        work.say(f"{task.folder}: begins anew ({why}); what was there is kept as {aside.name}")
    write_record(folder, now)
    return now
