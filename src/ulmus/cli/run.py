"""`ulmus run`: start a run, or go on with one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, say
from ulmus.errors import ConfigError
from ulmus.records import NO_USAGE

if TYPE_CHECKING:
    from ulmus.cli.watch import Watcher
    from ulmus.experiment import Experiment
    from ulmus.records import Json
    from ulmus.runs.log import RunLog
    from ulmus.search.loop import Progress


_EXPECTED = "expected NAME=WEIGHT,NAME=WEIGHT such as syntax=0.8,crossover=0.2"


def run(
    what: Annotated[
        str | None,
        typer.Argument(help="A problem such as sodarace, or an experiment in TOML."),
    ] = None,
    seed_program: Annotated[
        str | None,
        typer.Option(help="square, radial, cppn-fixed, cppn-mutable, or a Python file."),
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="End after so many evaluations in total.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="End after so many minutes in total; 1 if no budget is given."),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(min=1, help="End after servers have read and written so many in total."),
    ] = None,
    operators: Annotated[
        str | None, typer.Option(help="Operators with weights, such as syntax=0.8,crossover=0.2.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model of the operator diff: a name or a folder.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="Temperature of the operator diff.")
    ] = None,
    attempts: Annotated[
        int | None,
        typer.Option(min=1, help="How often the operator diff may draw an edit for one child."),
    ] = None,
    adapt: Annotated[
        bool | None,
        typer.Option(
            "--adapt/--no-adapt",
            help="Let the shares of the operators follow what their children come to.",
        ),
    ] = None,
    tune_every: Annotated[
        int | None,
        typer.Option(min=1, help="Train the diff model on accepted edits every so often."),
    ] = None,
    tune_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of each of these trainings.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Worker processes; all cores if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random choices.")] = None,
    terrain: Annotated[
        str | None, typer.Option(help="flat, left_wall, right_wall, bumpy, tunnel, ...")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Proposals per batch.")] = None,
    sandbox: Annotated[str | None, typer.Option(help="Tier that runs the programs.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; must be new.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to go on with.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Evolve programs and fill a map with the best of each kind."""
    file, problem = _what(what)
    overrides = _given(
        problem=problem,
        seed=seed,
        evaluations=evaluations,
        minutes=minutes,
        tokens=tokens,
        operators=None if operators is None else parse_operators(operators),
        adapt=adapt,
        tune_every=tune_every,
        tune_steps=tune_steps,
        workers=workers,
        batch_size=batch_size,
        sandbox=sandbox,
        options=_given(seed_program=seed_program, terrain=terrain),
        diff=_given(model=model, temperature=temperature, attempts=attempts),
    )
    if resume is not None and out is not None:
        raise ConfigError("--out and --resume exclude each other: a resumed run keeps its folder")
    _search(file, overrides, out, resume, json)


def parse_operators(text: str) -> dict[str, float]:
    """Read "syntax=0.8,crossover=0.2"; a name without a weight has weight 1.

    Raises:
        ConfigError: A weight that is not a number, or a name that comes twice.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        try:
            value = float(weight or 1)
        except ValueError:
            raise ConfigError(
                f"--operators: {weight!r} is not a number in {text!r}; {_EXPECTED}"
            ) from None
        if not name:
            raise ConfigError(f"--operators: a name is missing in {text!r}; {_EXPECTED}")
        if name in weights:
            raise ConfigError(f"--operators: {name!r} comes twice in {text!r}; {_EXPECTED}")
        weights[name] = value
    return weights


def _search(
    file: Path | None,
    overrides: Mapping[str, Any],
    out: Path | None,
    resume: Path | None,
    json: bool,
) -> None:
    from ulmus import experiment as root
    from ulmus.cli.watch import Watcher
    from ulmus.config import read_config

    if resume is not None:
        experiment, log = root.resume(resume, file, overrides)
    else:
        config = read_config(file, overrides)
        experiment, log = root.start(config, out)
    config = experiment.config
    with Interrupts() as interrupts, log:
        say(f"run {log.folder}, seed {config.seed}, {config.workers} workers")
        try:
            budget = root.budget_of(config)
            axes = experiment.problem.measures
            with Watcher(axes, budget.evaluations, budget.seconds, budget.tokens) as watcher:
                progress = _run(experiment, log, watcher, interrupts)
        except BaseException:
            if not log.num_steps and resume is None:
                log.discard()
            raise
        if not progress.fresh and not interrupts.asked():
            say(
                f"nothing to do: this run has had {progress.evaluations:,} evaluations in "
                f"{progress.elapsed_s / 60:.2g} minutes; give it more with --evaluations or "
                "--minutes (or --tokens), which count from its beginning"
            )
    _print_summary(progress, log.folder, config.seed, json)


def _run(experiment: Experiment, log: RunLog, watcher: Watcher, interrupts: Interrupts) -> Progress:
    if experiment.config.tune_every is None:
        from ulmus.experiment import run as search

        return search(experiment, log, observe=watcher.observe, stop=interrupts.asked)
    with needs_extra():
        from ulmus.tuning import run_tuned

        return run_tuned(experiment, log, observe=watcher.observe, stop=interrupts.asked, say=say)


def _print_summary(progress: Progress, folder: Path, seed: int, json: bool) -> None:
    best = progress.archive.best
    best_fitness = best[1].fitness if best else 0.0
    if json:
        shares: Json = dict(progress.shares)
        adapted = {"shares": shares} if progress.shares else {}
        emit(
            {
                "run": str(folder),
                "evaluations": progress.evaluations,
                "evaluations_per_s": round(progress.evaluations_per_s, 3),
                "cells": len(progress.archive),
                "qd_score": progress.archive.qd_score,
                "best_fitness": best_fitness,
                "valid_share": progress.valid_share,
                "seed": seed,
                **adapted,
                **({"usage": asdict(progress.usage)} if progress.usage != NO_USAGE else {}),
            }
        )
        return
    print(
        f"{progress.evaluations:,} evaluations at {progress.evaluations_per_s:,.0f}/s, "
        f"{100 * progress.valid_share:.0f} % valid: {len(progress.archive)} cells, "
        f"QD score {progress.archive.qd_score:,.0f}, best {best_fitness:.1f}"
    )
    if progress.usage != NO_USAGE:
        print(f"servers: {progress.usage}")
    if progress.shares:
        told = ", ".join(f"{name} {100 * share:.1f} %" for name, share in progress.shares.items())
        print(f"shares at the end: {told}")
    name = shlex.quote(str(folder))
    print(f"next: ulmus report {name}, ulmus show {name}, ulmus verify {name}")


def _what(what: str | None) -> tuple[Path | None, str | None]:
    if what is not None and what.lower().endswith(".toml"):
        return Path(what), None
    return None, what


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != {}}
