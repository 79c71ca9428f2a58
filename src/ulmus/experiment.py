"""The composition root: a configuration becomes live objects, a folder becomes a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from ulmus.catalogue import files_of, make_operator, make_problem, make_sandbox, may_ask_servers
from ulmus.config import BUDGET, DEFAULT_MINUTES, RunConfig, merge, read_toml, validated
from ulmus.errors import ConfigError, RunFormatError, RunMismatchError
from ulmus.evaluate import Evaluator
from ulmus.operators.base import Operator
from ulmus.problems.base import Problem
from ulmus.records import Evaluation, Json, Program
from ulmus.runs.folder import new_folder
from ulmus.runs.log import RunLog
from ulmus.runs.views import EliteView, elites
from ulmus.sandbox.base import Sandbox
from ulmus.search.loop import Budget, Progress, illuminate
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import CallAll, Portfolio, call_here
from ulmus.versions import versions
from ulmus.workers import available_cores, local_executor, rare_collections


@dataclass(frozen=True)
class Experiment:
    """A configuration and the live objects that it names."""

    config: RunConfig
    problem: Problem
    sandbox: Sandbox
    portfolio: Portfolio

    @property
    def identity(self) -> dict[str, Json]:
        """Everything that decides which elites a run finds, by name."""
        told = self.config
        extras: dict[str, Json] = {}
        if told.adapt:
            extras["shares"] = "adapt/1"
        if told.tune_every is not None:
            extras["tuning"] = f"every {told.tune_every} evaluations, {told.tune_steps} steps"
        return {
            "problem": self.problem.identity,
            "operators": self.portfolio.identity,
            "sandbox": self.sandbox.identity,
            "seed": told.seed,
            "batch_size": told.batch_size,
            "depth": told.depth,
            **extras,
        }


@dataclass(frozen=True)
class Difference:
    """An elite that did not evaluate to the same bits again."""

    cell: int
    program: str
    logged: Evaluation
    again: Evaluation


def build(config: RunConfig) -> Experiment:
    """Make the objects that a configuration names.

    Raises:
        ConfigError: An unknown name (the nearest is named) or an option that makes no sense.
    """
    problem, sandbox = build_evaluation(config)
    operators = [make_operator(name, config.diff, config.sample) for name in config.operators]
    portfolio = Portfolio(tuple(operators), tuple(config.operators.values()))
    return Experiment(config, problem, sandbox, portfolio)


def build_evaluation(config: RunConfig) -> tuple[Problem, Sandbox]:
    """Make what evaluates programs; no operator and no model is touched.

    Raises:
        ConfigError: See `build`.
    """
    return make_problem(config.problem, config.options), make_sandbox(config.sandbox)


def start(config: RunConfig, folder: Path | None = None) -> tuple[Experiment, RunLog]:
    """Begin a run in a new folder; one below `runs` in the working directory if none is given.

    Raises:
        ConfigError, ProgramFileError, RunError: See `build`, `Problem.seeds`, `RunLog.create`.
    """
    experiment = build(config)
    experiment.problem.seeds()  # a missing file is better found before there is a folder
    measures = [asdict(measure) for measure in experiment.problem.measures]
    manifest: dict[str, Json] = {
        "config": cast(Json, config.model_dump()),
        "identity": experiment.identity,
        "measures": cast(Json, measures),
        "versions": cast(Json, versions()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    name = f"{config.problem.rpartition(':')[2]}-seed{config.seed}"
    return experiment, RunLog.create(folder or new_folder(Path("runs"), name), manifest)


def resume(
    folder: Path, file: Path | None, overrides: Mapping[str, Any]
) -> tuple[Experiment, RunLog]:
    """Open a run to go on with it; what is not given is taken from the run.

    A budget that is given replaces the whole budget of the run.

    Raises:
        RunMismatchError: Something is given that would change what the run means.
        ConfigError, RunError: See `read_config`, `RunLog.open_for_append`.
    """
    log = RunLog.open_for_append(folder)
    try:
        given = merge({} if file is None else read_toml(file), overrides)
        before = stored_config(log)
        budget = {key: None for key in BUDGET if not BUDGET.isdisjoint(given)}
        config = validated(merge({**before.model_dump(), **budget}, given), "the options")
        experiment = build(config)
        _check_identity(log, experiment, before)
        log.set_manifest({"config": cast(Json, config.model_dump())})
    except BaseException:
        log.close()
        raise
    return experiment, log


def stored_config(log: RunLog) -> RunConfig:
    """Return the configuration that a run was last started with."""
    values = log.manifest.get("config")
    if not isinstance(values, dict):
        raise RunFormatError(f"the run {log.folder} holds no configuration")
    return validated(values, str(log.folder))


def run(
    experiment: Experiment,
    log: RunLog,
    *,
    observe: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    make_executor: Callable[[], Executor] | None = None,
    budget: Budget | None = None,
) -> Progress:
    """Search until the budget is spent; see `ulmus.search.loop.illuminate`.

    Args:
        experiment: From `start` or `resume`.
        log: From the same call.
        observe: Called after each batch.
        stop: Asked before each batch.
        make_executor: Where to evaluate; worker processes on this machine by default.
        budget: When to end; that of the configuration by default.
    """
    config = experiment.config
    operators = experiment.portfolio.operators
    prepare(experiment.problem, experiment.sandbox, *operators)
    executor = make_executor or partial(local_executor, config.workers, files_of(config))
    evaluator = Evaluator(
        experiment.problem,
        experiment.sandbox,
        executor,
        chunk_size=max(1, min(16, config.batch_size // max(1, config.workers))),
    )
    try:
        with rare_collections():
            return illuminate(
                new_search(experiment, log, evaluator.call_all),
                evaluator,
                log,
                budget or budget_of(config),
                replayable={operator.name: operator.replayable for operator in operators},
                observe=observe,
                stop=stop,
            )
    finally:
        evaluator.close(wait=sys.exc_info()[0] is None)


def new_search(
    experiment: Experiment, log: RunLog | None = None, call_all: CallAll = call_here
) -> MapElites:
    """Return a search with an empty map; the seeds are those of the log if it has some.

    There are none if no operator wants parents.
    """
    seeds: Sequence[Program] = _logged_seeds(log) if log is not None else []
    if not experiment.portfolio.parentless:
        seeds = seeds or experiment.problem.seeds()
    return MapElites(
        experiment.problem.measures,
        replace(experiment.portfolio, call_all=call_all),
        seeds,
        seed=experiment.config.seed,
        batch_size=experiment.config.batch_size,
        depth=experiment.config.depth,
        adapt=experiment.config.adapt,
    )


def prepare(problem: Problem, sandbox: Sandbox, *operators: Operator) -> None:
    """Do once, here, what every worker would otherwise do for itself, such as compiling."""
    parts: list[Problem | Sandbox | Operator] = [sandbox, problem, *operators]
    for part in parts:
        prepare_part(part)


def prepare_part(part: Problem | Sandbox | Operator) -> None:
    """Call the `prepare` of a problem, a sandbox or an operator that has one."""
    getattr(part, "prepare", lambda: None)()


def verify(log: RunLog, *, workers: int | None = None) -> tuple[list[EliteView], list[Difference]]:
    """Evaluate every elite of a run again and return all elites and those that differ.

    Args:
        log: The run.
        workers: Worker processes; 0 evaluates in this process, None takes all cores.
    """
    config = stored_config(log)
    problem, sandbox = build_evaluation(config)
    prepare(problem, sandbox)
    champions = elites(log)
    num_workers = available_cores() if workers is None else workers
    executor = partial(local_executor, num_workers, files_of(config))
    evaluator = Evaluator(problem, sandbox, executor)
    try:
        ticket = evaluator.start([Program(elite.source) for elite in champions])
        again = evaluator.finish(ticket).evaluations
    finally:
        evaluator.close(wait=sys.exc_info()[0] is None)
    return champions, _differences(champions, again)


def returned_values(log: RunLog) -> Callable[[Sequence[str]], list[Json]]:
    """Return a function from program texts to what the programs return, None for failures.

    This is what the viewer draws from: it runs no program itself.
    """
    problem, sandbox = build_evaluation(stored_config(log))

    def values(sources: Sequence[str]) -> list[Json]:
        prepare_part(sandbox)
        jobs = [problem.job(Program(source)) for source in sources]
        return [outcome.value for outcome in sandbox.run(jobs)]

    return values


def changed_versions(log: RunLog) -> list[tuple[str, str, str]]:
    """Return name, version then and version now of what changed since a run was made."""
    before, now = log.manifest.get("versions"), versions()
    if not isinstance(before, dict):
        return []
    return [
        (name, str(before.get(name)), now[name]) for name in now if before.get(name) != now[name]
    ]


def evaluation_identity(config: RunConfig) -> dict[str, Json]:
    """Return the identities of what evaluates programs, by name; no model is read."""
    problem, sandbox = build_evaluation(config)
    return {"problem": problem.identity, "sandbox": sandbox.identity}


def changed_parts(log: RunLog, now: Mapping[str, Json]) -> list[tuple[str, Json, Json]]:
    """Return name, identity in the run and identity now of every part that is not the same.

    Args:
        log: The run.
        now: Identities now, by name; parts that are not named are not looked at.
    """
    stored = log.manifest.get("identity")
    before = stored if isinstance(stored, dict) else {}
    return [(key, before.get(key), now[key]) for key in now if before.get(key) != now[key]]


def _check_identity(log: RunLog, experiment: Experiment, before: RunConfig) -> None:
    stored = log.manifest.get("identity")
    gone = dict.fromkeys(stored) if isinstance(stored, dict) else {}  # what was on and is off now
    changed = changed_parts(log, {**gone, **experiment.identity})
    if not changed:
        return
    free = dict.fromkeys((*BUDGET, "workers"))
    asked = experiment.config.model_copy(update=free) != before.model_copy(update=free)
    advice = (
        "Leave these options out"
        if asked
        else "It was made by another version of ulmus: go on with that one"
    )
    lines = [f"  {key}: the run has {then!r}, now {now!r}" for key, then, now in changed]
    raise RunMismatchError(
        f"going on with {log.folder} would change what the run means:\n"
        + "\n".join(lines)
        + f"\n{advice}, or start a new run"
    )


def budget_of(config: RunConfig) -> Budget:
    """Return when a run ends: after a minute if nothing else was said.

    Raises:
        ConfigError: Tokens are the only budget, and nobody asks a server, so that it would not end.
    """
    minutes = config.minutes
    others = (minutes, config.evaluations)
    if config.tokens is not None and others == (None, None) and not may_ask_servers(config):
        raise ConfigError(
            "the budget is in tokens of servers (tokens), and no operator of this run asks a "
            "server, so it would never end; give it --evaluations or --minutes"
        )
    if minutes is None and config.evaluations is None and config.tokens is None:
        minutes = DEFAULT_MINUTES
    return Budget(config.evaluations, None if minutes is None else 60.0 * minutes, config.tokens)


def _logged_seeds(log: RunLog) -> list[Program]:
    seeds = []
    for step in log.steps():
        if step.batch > 0:
            break
        text = log.text(step.number)
        if text is not None and text.source is not None:
            seeds.append(Program(text.source))
    return seeds


def _differences(champions: Sequence[EliteView], again: Sequence[Evaluation]) -> list[Difference]:
    found = []
    for elite, evaluation in zip(champions, again, strict=True):
        logged = Evaluation(elite.step.fitness, elite.step.measures)
        program = Program(elite.source).hash
        if evaluation != logged or program != elite.step.program:
            found.append(Difference(elite.cell, program, logged, evaluation))
    return found
