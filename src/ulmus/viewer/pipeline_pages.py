"""From the folder of a pipeline to plain data: everything that its report shows.

Only files are read: `pipeline.json`, the record beside each folder, the logs of the trainings and
the runs. What is not there yet is left empty, and the page says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ulmus.errors import RunFormatError, RunNotFoundError
from ulmus.records import Json, Measure, program_hash
from ulmus.runs.file import FILE_NAME
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import champions, measures_of, source_of
from ulmus.viewer.pages import distinct
from ulmus.viewer.scenes import Bodies, ProblemView, view_of

PIPELINE = "pipeline.json"
NUM_SAMPLES_SHOWN = 6
"""Walkers of the unconditional inventor that are shown."""


@dataclass(frozen=True)
class Part:
    """One task of a pipeline, as its record says.

    Attributes:
        stage: Name of its stage.
        folder: Below the pipeline's.
        state: "done", "stopped" or "not begun".
        seconds: Time spent.
        figures: What it came to; empty if it is not done.
    """

    stage: str
    folder: str
    state: str
    seconds: float
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Walker:
    """A program to be shown in motion.

    Attributes:
        terrain: On which.
        origin: Folder that it comes from.
        score: How far it came there.
        source: Its text.
    """

    terrain: str
    origin: str
    score: float
    source: str


def pipeline_page(folder: Path, bodies: Bodies) -> dict[str, Json]:
    """Return the data of a pipeline's report.

    Args:
        folder: Of the pipeline.
        bodies: Runs programs, to draw what they return.

    Raises:
        RunNotFoundError: There is no pipeline.
        RunFormatError: A file is damaged.
    """
    told = read_json(folder / PIPELINE)
    if told is None:
        raise RunNotFoundError(f"there is no pipeline in {folder}")
    parts = [_part(folder, task) for task in told["tasks"]]
    manifest = _first_manifest(folder, parts)
    view = view_of(manifest)
    measures = measures_of(manifest) if manifest else ()
    trained = [part for part in parts if part.stage == "conditional"]
    walkers = [*_invented(folder, trained), *_sampled(folder, parts, measures)]
    return {
        "name": folder.resolve().name,
        "preset": told["preset"],
        "ulmus": told["ulmus"],
        "values": told["values"],
        "fitness": {"name": view.fitness_name, "unit": view.fitness_unit},
        "measures": [asdict(measure) for measure in measures],
        "parts": [_plain(part) for part in parts],
        "maps": _maps(folder, parts),
        "losses": _losses(folder, parts),
        "rewards": _rewards(folder, trained),
        "cross": {when: _crossed(_crosses(folder, trained, when)) for when in ("before", "after")},
        **_moving(walkers, manifest, bodies),
    }


def read_json(file: Path) -> Any:
    """Return what a file says, None if there is none.

    Raises:
        RunFormatError: It is damaged.
    """
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunFormatError(f"{file} is damaged: {error}") from None


def _part(folder: Path, task: Mapping[str, str]) -> Part:
    place = folder / task["folder"]
    record = read_json(place.with_name(f"{place.name}.json"))
    if record is None:
        return Part(task["stage"], task["folder"], "not begun", 0.0, {})
    figures = record.get("figures")
    state = "stopped" if figures is None else "done"
    return Part(task["stage"], task["folder"], state, record["seconds"], figures or {})


def _plain(part: Part) -> dict[str, Json]:
    """Return a part without what has a place of its own on the page."""
    shown = {
        key: value for key, value in part.figures.items() if not isinstance(value, dict | list)
    }
    return {**asdict(part), "figures": shown}


def _first_manifest(folder: Path, parts: Sequence[Part]) -> Mapping[str, Json]:
    for part in parts:
        if part.stage == "runs" and (folder / part.folder / FILE_NAME).exists():
            with RunLog.open_read_only(folder / part.folder) as log:
                return dict(log.manifest)
    return {}


# ── Maps ──────────────────────────────────────────────────────────────────────────────────────


def _maps(folder: Path, parts: Sequence[Part]) -> list[Json]:
    """Return the data set, as many of its programs as were sampled, and the samples."""
    found: list[Json] = []
    samples = next((part for part in parts if part.stage == "samples"), None)
    for part in parts:
        if part.stage == "dataset" and part.figures:
            title = f"Data set at {part.folder.rpartition('/')[2]} %"
            found.append(_map(title, part.figures["programs"], part.figures["map"]))
    if samples is None or not (folder / samples.folder / FILE_NAME).exists():
        return found
    if samples.figures:
        drawn = samples.figures["data"]
        found.append(_map("As many programs of the data", drawn["programs"], drawn["map"]))
    with RunLog.open_read_only(folder / samples.folder) as log:
        cells = [[cell, step.fitness] for cell, step in champions(log.steps()).items()]
        found.append(_map("Samples of the inventor", sum(1 for _ in log.steps()), cells))
    return found


def _map(title: str, programs: int, cells: Sequence[Sequence[Any]]) -> dict[str, Json]:
    return {
        "title": title,
        "programs": programs,
        "cells": [list(cell) for cell in cells],
        "qd_score": sum(fitness for _, fitness in cells),
    }


# ── Losses and rewards ────────────────────────────────────────────────────────────────────────


def _losses(folder: Path, parts: Sequence[Part]) -> list[Json]:
    """Return the loss curves of the trainings: step, loss, test loss."""
    found: list[Json] = []
    for part in parts:
        place = folder / part.folder
        lines = _by_key(place.with_name(f"{place.name}.losses.jsonl"), "step")
        if lines:
            points: list[Json] = [
                [line["step"], line["loss"], line["test_loss"]] for line in lines.values()
            ]
            found.append({"stage": part.stage, "folder": part.folder, "points": points})
    return found


def _by_key(file: Path, key: str) -> dict[int, dict[str, Any]]:
    """Return the lines of a log by a key of theirs, in its order; of equal ones the last."""
    found = {int(line[key]): line for line in _lines(file) if key in line}
    return dict(sorted(found.items()))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Give the objects of a file, one a line; a line that a kill has torn is left out."""
    try:
        with file.open(encoding="utf-8") as stream:
            for line in stream:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue
    except FileNotFoundError:
        return


def _log(folder: Path, part: Part) -> dict[int, dict[str, Any]]:
    return _by_key(folder / part.folder / "log.jsonl", "iteration")


def _rewards(folder: Path, trained: Sequence[Part]) -> dict[str, Json]:
    """Return by terrain: iteration, mean score over the seeds, lowest and highest of them."""
    scores: dict[str, dict[int, list[float]]] = {}
    for part in trained:
        for iteration, line in _log(folder, part).items():
            for name, figures in line.get("terrains", {}).items():
                scores.setdefault(name, {}).setdefault(iteration, []).append(figures["mean"])
    return {
        name: [[at, *_spread(some)] for at, some in sorted(by_iteration.items())]
        for name, by_iteration in scores.items()
    }


def _spread(values: Sequence[float]) -> list[float]:
    """Return mean, lowest and highest."""
    return [sum(values) / len(values), min(values), max(values)]


def _crosses(folder: Path, trained: Sequence[Part], when: str) -> list[Mapping[str, Any]]:
    """Return the tables of the seeds, of those that have one."""
    found = []
    for part in trained:
        begun = _log(folder, part).get(0, {}).get("cross") if when == "before" else None
        table = part.figures.get(when) or begun
        if table:
            found.append(table["mean"])
    return found


def _crossed(tables: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    """Return terrain by terrain: mean over the seeds, lowest and highest."""
    if not tables:
        return {}
    names = list(tables[0])
    return {
        name: {other: _spread([table[name][other] for table in tables]) for other in names}
        for name in names
    }


# ── Walkers ───────────────────────────────────────────────────────────────────────────────────


def _invented(folder: Path, trained: Sequence[Part]) -> list[Walker]:
    """Return the best walker for each terrain of each seed."""
    found: dict[tuple[str, str], Walker] = {}
    for part in trained:
        for line in _lines(folder / part.folder / "samples.jsonl"):
            name = line["terrain"]
            score = line["scores"].get(name)
            if score is None or line["program"] is None:
                continue
            best = found.get((name, part.folder))
            if best is None or score > best.score:
                found[name, part.folder] = Walker(name, part.folder, score, line["program"])
    return list(found.values())


def _sampled(folder: Path, parts: Sequence[Part], measures: Sequence[Measure]) -> list[Walker]:
    """Return the best samples of regions of the map that lie apart."""
    part = next((part for part in parts if part.stage == "samples"), None)
    if part is None or not (folder / part.folder / FILE_NAME).exists():
        return []
    with RunLog.open_read_only(folder / part.folder) as log:
        terrain = str(view_of(log.manifest).facts.get("terrain", ""))
        ranked = sorted(champions(log.steps()).values(), key=_merit)
        chosen = distinct(ranked, measures, NUM_SAMPLES_SHOWN)
        return [
            Walker(terrain, part.folder, step.fitness or 0.0, source_of(log, step.number))
            for step in chosen
        ]


def _merit(step: LoggedStep) -> tuple[float, int]:
    return -(step.fitness or 0.0), step.cell or 0


def _moving(
    walkers: Sequence[Walker], manifest: Mapping[str, Json], bodies: Bodies
) -> dict[str, Json]:
    """Return the walkers with bodies and worlds by terrain; nothing if nothing moves."""
    sources = list(dict.fromkeys(walker.source for walker in walkers))
    view = view_of(manifest)
    found: dict[str, Json] = {}
    for source, value in zip(sources, bodies(sources) if sources else [], strict=True):
        body = view.body(value) if value is not None else None
        if body is not None:
            found[program_hash(source)] = body
    return {
        "walkers": [
            {
                "terrain": walker.terrain, "origin": walker.origin, "score": walker.score,
                "program": program_hash(walker.source), "lines": list(walker.source.split("\n")),
            }
            for walker in walkers
        ],
        "bodies": found,
        "worlds": {
            name: _on(manifest, name).world
            for name in dict.fromkeys(walker.terrain for walker in walkers)
        },
    }  # fmt: skip


def _on(manifest: Mapping[str, Json], terrain: str) -> ProblemView:
    """Return the view of a run as if it had been on another terrain."""
    config = manifest.get("config")
    settings = dict(config) if isinstance(config, dict) else {}
    options = settings.get("options")
    settings["options"] = {**(options if isinstance(options, dict) else {}), "terrain": terrain}
    return view_of({"config": settings})
