"""Samples of a model of programs in a fresh map, and what programs of the data set make of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ulmus.config import RunConfig, validated
from ulmus.invention.orders import correlations, drawn_rows
from ulmus.models.inventing import CONDITIONAL, KIND, read_inventing
from ulmus.models.shelf import find_model
from ulmus.properties import FITNESS, read_comment
from ulmus.records import Evaluation, Program
from ulmus.runs.log import RunLog
from ulmus.runs.views import measures_of
from ulmus.search.archive import Archive, Elite
from ulmus.training.dataset import Dataset
from ulmus.training.programs import scoring_of

BATCH_SIZE = 128
"""Samples per batch: work for some workers, and little enough to lose by a kill."""


@dataclass(frozen=True)
class MapFigures:
    """What programs made of a fresh map.

    Attributes:
        programs: How many there were, those that are not valid included.
        cells: Cells that they fill.
        qd_score: Sum of the champions' fitness.
        best: Highest fitness, 0 if the map is empty.
    """

    programs: int
    cells: int
    qd_score: float
    best: float


@dataclass(frozen=True)
class SampleFigures:
    """What the samples of a run came to.

    Attributes:
        valid: Share of the samples that ran and got a fitness; a text that came before is as
            valid as it was the first time.
        distinct: Distinct texts, as a share of the samples that are a program.
        new: Share of the samples that are a program of which no row of the data set has the text;
            None without a data set.
        new_scores: Share of the samples that are valid and whose fitness and measures no row of
            the data set has: another walker, and not only another text for the same one; None
            without a data set that was scored likewise.
        map: What they made of the map.
        order: Spearman's rank correlation of what was asked for and what came, by property, over
            the valid samples; only properties of which several values were asked for.
    """

    valid: float
    distinct: float
    new: float | None
    new_scores: float | None
    map: MapFigures
    order: Mapping[str, float]


def sampling_of(
    model: str, settings: Mapping[str, Any], options: Mapping[str, Any], **fields: Any
) -> RunConfig:
    """Return the configuration of a run that samples a model of programs.

    Args:
        model: Name or folder of the model.
        settings: Of the operator `sample`, those that are given.
        options: Of the problem, instead of those that the model was taught for. A model of stage 3
            is asked for the terrain that they name.
        fields: Further fields of `RunConfig`.

    Raises:
        ConfigError, ModelError: No such model, or a setting that makes no sense.
    """
    folder = find_model(model)
    told = read_inventing(folder, KIND, CONDITIONAL)
    asked = {"terrain": options.get("terrain", "")} if told.terrains else {}
    values = {
        "problem": told.problem,
        "options": {**told.problem_options, **options},
        "operators": {"sample": 1.0},
        "sample": {"model": str(folder), **asked, **settings},
        "batch_size": BATCH_SIZE,
        **fields,
    }
    config = validated(values, "the options")
    siblings = max(8, min(32, config.batch_size // max(1, config.workers)))  # changes no result
    settled = config.sample.model_copy(update={"siblings": siblings})
    return config.model_copy(update={"sample": settled})


def figures_of(log: RunLog, dataset: Dataset | None = None) -> SampleFigures:
    """Return the figures of a run that sampled a model of programs."""
    measures = measures_of(log.manifest)
    rows = (*dataset.train, *dataset.test) if dataset else ()
    known = {row.hash for row in rows}
    known_scores = {_key({FITNESS: row.fitness, **row.measures}) for row in rows}
    scores: dict[str, dict[str, float] | None] = {}
    best: dict[int, float] = {}
    samples = valid = new = new_scores = 0
    programs: list[str] = []
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    notes = {number: text.note for number, text in log.texts()}
    for step in log.steps():
        note = notes.get(step.number)
        samples += 1
        if step.program is None:
            continue
        programs.append(step.program)
        new += step.program not in known
        if step.program not in scores:
            values = dict(zip((m.name for m in measures), step.measures, strict=False))
            judged = None if step.fitness is None else {FITNESS: step.fitness, **values}
            scores[step.program] = judged
        if step.admitted and step.cell is not None and step.fitness is not None:
            best[step.cell] = step.fitness
        obtained = scores[step.program]
        if obtained is None:
            continue
        valid += 1
        new_scores += _key(obtained) not in known_scores
        if note:
            pairs.append((dict(read_comment(note)), obtained))
    return SampleFigures(
        valid / max(1, samples),
        len(scores) / max(1, len(programs)),
        new / max(1, len(programs)) if dataset else None,
        new_scores / max(1, samples) if dataset and same_scoring(log, dataset) else None,
        MapFigures(samples, len(best), sum(best.values()), max(best.values(), default=0.0)),
        correlations(pairs),
    )


def _key(scores: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(scores.items()))


def same_scoring(log: RunLog, dataset: Dataset) -> bool:
    """Tell whether fitness and cells of a run mean the same as those of a data set."""
    scoring = scoring_of(log.manifest, log.folder)
    facts = dataset.facts
    return (scoring.identity, scoring.measures) == (facts.scoring, facts.measures)


def figures_of_rows(dataset: Dataset, count: int, seed: int) -> MapFigures:
    """Return what programs of the data set make of a fresh map, without running them.

    Args:
        dataset: Of its train part they are drawn, each once.
        count: How many; all if there are fewer.
        seed: Of the draw.
    """
    archive = map_of_rows(dataset, count, seed)
    top = archive.best
    return MapFigures(
        min(count, len(dataset.train)),
        len(archive),
        archive.qd_score,
        top[1].fitness if top else 0.0,
    )


def map_of_rows(dataset: Dataset, count: int, seed: int) -> Archive:
    """Return the map that programs of the data set fill; see `figures_of_rows`."""
    archive = Archive(dataset.facts.measures)
    for row in drawn_rows(dataset.train, count, seed):
        values = tuple(row.measures[measure.name] for measure in archive.measures)
        program = Program(row.program)
        placement, cell = archive.judge(program, Evaluation(row.fitness, values))
        if cell is not None and placement.admitted:
            archive.put(cell, Elite(program, row.fitness, values))
    return archive
