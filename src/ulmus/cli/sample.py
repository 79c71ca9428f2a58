"""`ulmus sample` and `ulmus complete`: what a model of programs writes, judged."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, number, say
from ulmus.errors import ConfigError
from ulmus.records import Json

if TYPE_CHECKING:
    from ulmus.config import RunConfig
    from ulmus.invention.completion import Completed
    from ulmus.invention.sampling import MapFigures, SampleFigures
    from ulmus.runs.log import RunLog
    from ulmus.training.dataset import Dataset

_MODEL = typer.Argument(help="A model of programs: a folder, or a name of models list.")
_TEMPERATURE = typer.Option(min=0.0, help="0 is greedy; 1 is what the model learned.")
_TOP_P = typer.Option(help="Nucleus, in (0, 1].")
_MAX_TOKENS = typer.Option(min=1, help="Longest program; as in its training if not given.")
_TERRAIN = typer.Option(
    help="Evaluate there instead of where the model was taught; a model of stage 3 writes for it."
)
_WORKERS = typer.Option(min=0, help="Worker processes; all cores if not given.")
_LINE_ATTEMPTS = typer.Option(
    min=1, max=100, help="How often a line is drawn until a program may begin so."
)
_SEED = typer.Option(help="Seed of all random choices.")
_JSON = typer.Option("--json", help="End with one JSON object.")


def sample(
    model: Annotated[str, _MODEL],
    samples: Annotated[int, typer.Option("-n", "--samples", min=1, help="In total.")] = 1024,
    into: Annotated[
        Path | None, typer.Option(help="Folder of the run; must be new, but for --resume.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Compare with programs of this data set.")
    ] = None,
    order: Annotated[
        list[str] | None,
        typer.Option("--property", help='Ask for it, such as "height 5 width 10"; repeatable.'),
    ] = None,
    orders: Annotated[
        int,
        typer.Option(min=0, help="Ask for the properties of so many held-out programs of --data."),
    ] = 0,
    terrain: Annotated[str | None, _TERRAIN] = None,
    temperature: Annotated[float, _TEMPERATURE] = 1.0,
    top_p: Annotated[float, _TOP_P] = 0.95,
    max_tokens: Annotated[int | None, _MAX_TOKENS] = None,
    attempts: Annotated[
        int,
        typer.Option(
            min=1, max=100, help="How often a program is drawn until it parses and names are known."
        ),
    ] = 1,
    line_attempts: Annotated[int, _LINE_ATTEMPTS] = 1,
    new_attempts: Annotated[
        int,
        typer.Option(min=1, max=100, help="How often one is drawn until it is none of --data."),
    ] = 1,
    workers: Annotated[int | None, _WORKERS] = None,
    seed: Annotated[int, _SEED] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --into.")] = False,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Fill a fresh map with programs that a model writes; the run is like any other."""
    from ulmus import experiment as root
    from ulmus.cli.watch import Watcher
    from ulmus.invention.sampling import figures_of, figures_of_rows, same_scoring
    from ulmus.training.dataset import read_dataset

    if resume and into is None:
        raise ConfigError("--resume goes on with the run in --into, which is missing")
    dataset = None if data is None else read_dataset(data)
    options = {} if terrain is None else {"terrain": terrain}
    settings: dict[str, Any] = {
        "temperature": temperature, "top_p": top_p,
        "attempts": attempts, "line_attempts": line_attempts,
    }  # fmt: skip
    if max_tokens is not None:
        settings["max_tokens"] = max_tokens
    if new_attempts > 1:
        if data is None:
            raise ConfigError("--new-attempts needs --data, whose programs are drawn again")
        settings |= {"new_attempts": new_attempts, "known": str(data.resolve())}
    fields: dict[str, Any] = {"evaluations": samples, "seed": seed}
    if workers is not None:
        fields["workers"] = workers
    config = _config(model, settings, options, fields, order or [], orders, dataset)
    if resume and into is not None:
        experiment, log = root.resume(into, None, config.model_dump())
    else:
        experiment, log = root.start(config, into)
    with Interrupts() as interrupts, log:
        say(f"run {log.folder}, seed {seed}, {config.workers} workers")
        try:
            with Watcher(experiment.problem.measures, samples, None) as watcher:
                root.run(experiment, log, observe=watcher.observe, stop=interrupts.asked)
        except BaseException:
            if not log.num_steps and not resume:
                log.discard()
            raise
        figures = figures_of(log, dataset)
        compared = None
        if dataset is not None and same_scoring(log, dataset):
            compared = figures_of_rows(dataset, figures.map.programs, seed)
        elif dataset is not None:
            say(f"note: {data} was scored otherwise than this run, so there is no comparison")
        if figures.map.programs < samples:
            say(f"stopped after {figures.map.programs:,} samples; go on with --resume")
    _print(log, figures, compared, seed, json)


def _config(
    model: str,
    settings: dict[str, Any],
    options: dict[str, Any],
    fields: dict[str, Any],
    asked: list[str],
    num_orders: int,
    dataset: Dataset | None,
) -> RunConfig:
    """Return the configuration, the orders included."""
    from ulmus.catalogue import make_problem
    from ulmus.invention.orders import orders_for, orders_of_rows
    from ulmus.invention.sampling import sampling_of

    config = sampling_of(model, settings, options, **fields)
    if num_orders and dataset is None:
        raise ConfigError("--orders needs --data, the data set of whose programs it speaks")
    measures = make_problem(config.problem, config.options).measures
    orders = orders_for(asked, measures, dataset)
    if num_orders and dataset is not None:
        orders += orders_of_rows(dataset, num_orders, config.seed)
    return sampling_of(model, {**settings, "orders": orders}, options, **fields)


def _print(
    log: RunLog, figures: SampleFigures, compared: MapFigures | None, seed: int, json: bool
) -> None:
    mine = figures.map
    ratio = mine.qd_score / compared.qd_score if compared and compared.qd_score else None
    if json:
        emit(
            {
                "run": str(log.folder),
                "samples": mine.programs,
                "valid": figures.valid,
                "distinct": figures.distinct,
                "new": figures.new,
                "new_scores": figures.new_scores,
                "cells": mine.cells,
                "qd_score": mine.qd_score,
                "best_fitness": mine.best,
                "data": None if compared is None else asdict(compared),
                "qd_ratio": number(ratio),
                "order": dict(figures.order),
                "seed": seed,
            }
        )
        return
    print(
        f"{mine.programs:,} samples, {100 * figures.valid:.1f} % valid, "
        f"{100 * figures.distinct:.1f} % distinct"
        + ("" if figures.new is None else f", {100 * figures.new:.1f} % not in the data set")
    )
    if figures.new_scores is not None:
        print(f"{100 * figures.new_scores:.1f} % valid and scored as no program of the data set")
    print(f"{mine.cells} cells, QD score {mine.qd_score:,.0f}, best {mine.best:.1f}")
    if compared is not None:
        print(
            f"{compared.programs:,} programs of the data set: {compared.cells} cells, QD score "
            f"{compared.qd_score:,.0f}, best {compared.best:.1f}"
        )
    if ratio is not None:
        print(f"QD score of the samples: {100 * ratio:.1f} % of that")
    for name, value in figures.order.items():
        print(f"{name}: rank correlation of asked and obtained {value:.2f}")
    name = shlex.quote(str(log.folder))
    print(f"next: ulmus report {name}, ulmus show {name}, ulmus verify {name}")


def complete(
    model: Annotated[str, _MODEL],
    programs: Annotated[
        list[str],
        typer.Argument(metavar="PROGRAM...", help="wheel, galloper, runner, or Python files."),
    ],
    samples: Annotated[int, typer.Option("-n", "--samples", min=1, help="Of each.")] = 1024,
    terrain: Annotated[str | None, _TERRAIN] = None,
    temperature: Annotated[float, _TEMPERATURE] = 1.0,
    top_p: Annotated[float, _TOP_P] = 0.95,
    max_tokens: Annotated[int | None, _MAX_TOKENS] = None,
    line_attempts: Annotated[int, _LINE_ATTEMPTS] = 1,
    workers: Annotated[int | None, _WORKERS] = None,
    seed: Annotated[int, _SEED] = 0,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Let a model of programs complete the first half of the lines of programs; judge the best."""
    from ulmus.invention import completion
    from ulmus.operators.sample import SampleSettings
    from ulmus.workers import available_cores

    if not 0 < top_p <= 1:
        raise ConfigError(f"--top-p must be in (0, 1], got {top_p}")
    settings = SampleSettings(
        temperature=temperature, top_p=top_p, max_tokens=max_tokens, line_attempts=line_attempts
    )
    results = completion.complete(
        model,
        programs,
        samples,
        settings=settings,
        options={} if terrain is None else {"terrain": terrain},
        seed=seed,
        workers=available_cores() if workers is None else workers,
        observe=lambda done: say(_line(done)),
    )
    mean = sum(result.percent for result in results) / len(results)
    if json:
        plain: dict[str, Json] = {
            one.program: asdict(one) | {"percent": one.percent} for one in results
        }
        emit({"model": model, "percent": mean, "programs": plain, "seed": seed})
        return
    for result in results:
        print(_line(result))
    if len(results) > 1:
        print(f"on average {mean:.1f} % of the original's fitness")


def _line(done: Completed) -> str:
    return (
        f"{done.program}: best of {done.samples:,} completions {done.best:.1f}, "
        f"{done.percent:.1f} % of the original's {done.original:.1f}; {100 * done.valid:.1f} % "
        f"valid, {done.same:,} equal to it"
    )
