"""From runs to programs: what a model of programs learns from (paper, stage 2).

Of all programs that the map of any run ever admitted, those are kept whose fitness reaches p per
cent of the best that any run found in their cell (arXiv 2206.08896, section 4.1). Departures: a
text that several runs admitted is kept once, of the first; and where the best of a cell is below
zero, p per cent mean that a program may be worse by 100 - p per cent of its size. The 5 % that are
held out are whole lineages, which the paper leaves open.

Runs are read only, and may still be going on: each is taken as it was when it was opened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Literal

from ulmus.errors import ConfigError, RunError, RunFormatError, RunMismatchError
from ulmus.properties import Where, comment, with_properties
from ulmus.records import Json, Measure
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import champions, measures_of
from ulmus.training.dataset import Dataset, Facts, Row, Source
from ulmus.training.lineages import HELD_OUT, Lineages, lineages_apart

Percentile = float | Literal["final"]

SEED_OPTION = "seed_program"
"""The option of a problem that says what a run starts from. It changes no score."""

_SEED_PART = re.compile(rf"{SEED_OPTION}=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(, )?")

BELOW = "fitness below the percentile"
REPLACED = "no champion at the end"
TWICE = "the same text as another"
NO_UNICODE = "text is no valid Unicode"
REASONS = (BELOW, REPLACED, TWICE, NO_UNICODE)
"""Why an admitted program is left out."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A program that the map of a run admitted.

    Attributes:
        run: Position of the run among those given.
        step: Number of the step.
        program: Hash of the program.
        cell: Its cell.
        fitness: Its fitness.
        measures: Its measures.
        lineage: See `Lineages`.
        champion: Whether it holds its cell at the end.
    """

    run: int
    step: int
    program: str
    cell: int
    fitness: float
    measures: tuple[float, ...]
    lineage: int
    champion: bool


@dataclass(frozen=True)
class Scoring:
    """What decides the score and the cell of a program in a run.

    Attributes:
        problem: Name of the problem.
        options: Its options, without the one that says what a run starts from.
        identity: Identity of the problem, likewise.
        measures: The axes of the map.
    """

    problem: str
    options: Mapping[str, Json]
    identity: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class PastRun:
    """What a run is and what its map admitted, without the texts."""

    folder: Path
    source: Source
    scoring: Scoring
    admitted: tuple[Admitted, ...]


@dataclass(frozen=True)
class Choice:
    """Which programs are kept, in the order of runs and steps, and how many are not, by reason."""

    kept: tuple[Admitted, ...]
    dropped: Mapping[str, int]


def parse_percentile(text: str) -> Percentile:
    """Read a number of per cent in (0, 100], or "final".

    Raises:
        ConfigError: It is neither.
    """
    if text == "final":
        return "final"
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and 0 < value <= 100):
        raise ConfigError(f"--percentile takes a number in (0, 100] or final, got {text!r}")
    return value


def programs_of_runs(
    folders: Sequence[Path],
    percentile: Percentile,
    *,
    properties: Where = "none",
    seed: int = 0,
) -> Dataset:
    """Return the data set of programs of some runs.

    Args:
        folders: Of the runs; where several admitted one text, the first counts.
        percentile: What is kept, see `choose`.
        properties: Where the texts have the properties of their programs.
        seed: Of the choice of what is held out.

    Raises:
        RunNotFoundError, RunFormatError: See `ulmus.errors`.
        RunMismatchError: The scores of one run mean something else than those of another.
        RunError: No run has admitted a program.
        ConfigError: A run is given twice.
    """
    runs = read_runs(folders)
    choice = choose(runs, percentile)
    texts = [_texts(run, choice.kept, number) for number, run in enumerate(runs)]
    kept = [one for one in choice.kept if _is_unicode(texts[one.run][one.step])]
    apart = {
        number: lineages_apart([one.lineage for one in kept if one.run == number], seed, HELD_OUT)
        for number in range(len(runs))
    }
    measures = runs[0].scoring.measures
    rows: dict[bool, list[Row]] = {False: [], True: []}
    for one in kept:
        source = texts[one.run][one.step]
        text = with_properties(source, comment(measures, one.fitness, one.measures), properties)
        row = _row(one, text, source, runs[one.run], measures)
        rows[one.lineage in apart[one.run]].append(row)
    dropped = {**choice.dropped, NO_UNICODE: len(choice.kept) - len(kept)}
    facts = _facts(runs, kept, percentile, properties, seed, dropped, rows)
    return Dataset(facts, tuple(rows[False]), tuple(rows[True]))


def read_runs(folders: Sequence[Path]) -> list[PastRun]:
    """Read what runs have admitted, and check that they go together.

    Raises:
        See `programs_of_runs`.
    """
    runs: list[PastRun] = []
    for number, folder in enumerate(folders):
        if any(folder.resolve() == run.folder.resolve() for run in runs):
            raise ConfigError(f"the run {folder} is given twice")
        names = [run.source.name for run in runs]
        run = read_run(folder, number, _free_name(folder.resolve().name, names))
        if runs:
            _check_same(runs[0], run)
        runs.append(run)
    if not any(run.admitted for run in runs):
        told = ", ".join(map(str, folders)) or "(none given)"
        raise RunError(f"no program to take: the runs {told} have admitted none yet")
    return runs


def read_run(folder: Path, position: int = 0, name: str = "") -> PastRun:
    """Read what a run has admitted until now.

    Args:
        folder: Of the run.
        position: Of the run among others.
        name: How the run is called; as its folder if empty.

    Raises:
        RunNotFoundError, RunFormatError: See `ulmus.errors`.
    """
    with RunLog.open_read_only(folder) as log:
        manifest, num_steps = log.manifest, 0
        scoring = scoring_of(manifest, folder)
        lineages = Lineages()
        found: list[tuple[LoggedStep, int]] = []
        for step in log.steps():
            num_steps += 1
            if step.admitted:
                found.append((step, lineages.add(step)))
    last = {step.number for step in champions(step for step, _ in found).values()}
    admitted = tuple(
        _admitted(step, lineage, position, step.number in last) for step, lineage in found
    )
    identity = manifest["identity"]
    assert isinstance(identity, dict)  # `scoring_of` has looked
    seed, operators = identity.get("seed"), identity.get("operators", "")
    source = Source(
        name or folder.resolve().name,
        seed if isinstance(seed, int) else 0,
        str(operators),
        num_steps,
        len(admitted),
        0,
    )
    return PastRun(folder, source, scoring, admitted)


def choose(runs: Sequence[PastRun], percentile: Percentile) -> Choice:
    """Choose the programs that are kept; a pure function of what the runs admitted.

    Args:
        runs: The runs, in order.
        percentile: A program is kept if its fitness is at most 100 - p per cent of the best of
            its cell below that best; "final" keeps the champions of each run.
    """
    best: dict[int, float] = {}
    for run in runs:
        for one in run.admitted:
            best[one.cell] = max(one.fitness, best.get(one.cell, one.fitness))
    kept: dict[str, Admitted] = {}
    dropped: Counter[str] = Counter()
    for run in runs:
        for one in run.admitted:
            if percentile == "final" and not one.champion:
                dropped[REPLACED] += 1
            elif percentile != "final" and one.fitness < threshold(best[one.cell], percentile):
                dropped[BELOW] += 1
            elif one.program in kept:
                dropped[TWICE] += 1
            else:
                kept[one.program] = one
    return Choice(tuple(kept.values()), {reason: dropped[reason] for reason in REASONS})


def threshold(best: float, percentile: float) -> float:
    """Return the least fitness that is kept in a cell; it never falls as the percentile rises."""
    return best - (1 - percentile / 100) * abs(best)


def _admitted(step: LoggedStep, lineage: int, run: int, champion: bool) -> Admitted:
    assert step.program is not None  # it was admitted
    assert step.cell is not None
    assert step.fitness is not None
    return Admitted(
        run, step.number, step.program, step.cell, step.fitness, step.measures, lineage, champion
    )


def scoring_of(manifest: Mapping[str, Json], folder: Path) -> Scoring:
    """Return what decides scores and cells in a run.

    Raises:
        RunFormatError: The manifest does not say it.
    """
    config, identity = manifest.get("config"), manifest.get("identity")
    if not isinstance(config, dict) or not isinstance(identity, dict):
        raise RunFormatError(f"the run {folder} does not say what it is (config, identity)")
    options = config.get("options")
    return Scoring(
        str(config.get("problem", "")),
        {
            key: value
            for key, value in (options if isinstance(options, dict) else {}).items()
            if key != SEED_OPTION
        },
        _SEED_PART.sub("", str(identity.get("problem", ""))),
        measures_of(manifest),
    )


def _check_same(first: PastRun, other: PastRun) -> None:
    """Check that scores and cells of two runs mean the same."""
    one, two = first.scoring, other.scoring
    for what, expected, came in (
        ("problem", one.problem, two.problem),
        ("scores", one.identity, two.identity),
        ("measures", _axes(one), _axes(two)),
    ):
        if expected != came:
            raise RunMismatchError(
                f"the runs do not go together, they differ in their {what}:\n"
                f"  {first.folder}: {expected}\n  {other.folder}: {came}\n"
                "Make a data set of each"
            )


def _axes(scoring: Scoring) -> str:
    return ", ".join(f"{m.name} {m.low:g} to {m.high:g} in {m.bins}" for m in scoring.measures)


def _free_name(name: str, taken: Sequence[str]) -> str:
    free, serial = name, 1
    while free in taken:
        serial += 1
        free = f"{name}-{serial}"
    return free


def _texts(run: PastRun, kept: Sequence[Admitted], position: int) -> dict[int, str]:
    """Return the texts of the kept programs of a run by step."""
    wanted = {one.step for one in kept if one.run == position}
    texts = {}
    with RunLog.open_read_only(run.folder) as log:
        for number, text in log.texts():
            if number in wanted and text.source is not None:
                texts[number] = text.source
    if len(texts) < len(wanted):
        step = min(wanted - set(texts))
        raise RunFormatError(f"{run.folder}: step {step} was admitted without its text")
    return texts


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _row(one: Admitted, text: str, source: str, run: PastRun, measures: Sequence[Measure]) -> Row:
    named = {m.name: value for m, value in zip(measures, one.measures, strict=True)}
    name = run.source.name
    return Row(
        text=text,
        program=source,
        hash=one.program,
        fitness=one.fitness,
        measures=named,
        cell=one.cell,
        run=name,
        step=one.step,
        lineage=f"{name}/{one.lineage}",
    )


def _facts(
    runs: Sequence[PastRun],
    kept: Sequence[Admitted],
    percentile: Percentile,
    properties: Where,
    seed: int,
    dropped: Mapping[str, int],
    rows: Mapping[bool, Sequence[Row]],
) -> Facts:
    scoring, counts = runs[0].scoring, Counter(one.run for one in kept)
    return Facts(
        scoring.problem,
        scoring.options,
        scoring.identity,
        scoring.measures,
        percentile,
        properties,
        seed,
        tuple(replace(run.source, kept=counts[number]) for number, run in enumerate(runs)),
        dropped,
        {"train": len(rows[False]), "test": len(rows[True])},
    )
