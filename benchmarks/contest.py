"""The contest of operators: at equal evaluations, per simulated walker and per processor second.

    python benchmarks/contest.py --arm syntax=1 --arm "syntax=0.5,diff=0.5" --arm diff=1 \\
        --arm replay=1 --runs runs/a --runs runs/b --model MODEL \\
        [--seed-program square] [--evaluations 20000] [--seeds 1,2,3] [--attempts 4]
        [--line-attempts 4] [--new-attempts 2] [--no-aim] [--adapt]
        [--tune-every 4000 [--tune-steps 300]]

Each arm is a mixture of operators. `replay` pastes accepted edits of `--runs`. With `--adapt` each
arm competes twice, with its shares as they are and with shares that adapt (`--adapt only`: the
latter alone). With `--tune-every` the diff model learns from what its own search accepts. Every arm
gets the same seed program, seeds, batches and budget. One row per arm and seed: cells, QD score and
best at the end; what became of the children; processor seconds of all processes; and the shares at
the end if they adapt. "per simulated" looks at the map when the first so many valid walkers had
been simulated, "per CPU s" when the first so many seconds had been spent, both at what the poorest
arm reached. Rows of other contests stay in the file.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from machine import family_cpu_s, print_rows, write_rows
from ulmus import experiment as root
from ulmus.catalogue import make_operator
from ulmus.cli.run import parse_operators
from ulmus.config import RunConfig, read_config
from ulmus.models.shelf import DEFAULT_MODEL
from ulmus.operators.base import Operator
from ulmus.operators.replay import Replay
from ulmus.records import Placement
from ulmus.search.loop import Progress
from ulmus.search.portfolio import Portfolio

ADAPTS = " adapt"
"""What is added to the name of an arm whose shares adapt."""

VALID = (Placement.NEW, Placement.IMPROVED, Placement.KEPT_OUT)


@dataclass(frozen=True)
class Mark:
    """Where a search stood after a batch."""

    evaluations: int
    simulated: int
    cpu_s: float
    cells: int
    qd_score: float


@dataclass(frozen=True)
class Result:
    """One arm with one seed."""

    arm: str
    seed: int
    marks: tuple[Mark, ...]
    row: dict[str, object]


def accepted(runs: Sequence[Path]) -> list[tuple[str, str]]:
    """Return the accepted edits of runs as pairs of texts."""
    from ulmus.training.accepted import edits_of_runs

    return [(edit.before, edit.after) for edit in edits_of_runs(runs)]


def operator_named(name: str, config: RunConfig, edits: Sequence[tuple[str, str]]) -> Operator:
    """Return an operator, `replay` included."""
    return Replay(edits) if name == "replay" else make_operator(name, config.diff)


def compete(
    arm: str, seed: int, config: RunConfig, edits: Sequence[tuple[str, str]], folder: Path
) -> Result:
    """Run one arm once."""
    weights = parse_operators(arm)
    if config.adapt:
        arm += ADAPTS
    search = root.run
    if config.tune_every is not None:
        from ulmus.tuning import run_tuned as search
    own = {name: weight for name, weight in weights.items() if name != "replay"}
    told = config.model_copy(update={"seed": seed, "operators": own or {"syntax": 1.0}})
    experiment, log = root.start(told, folder)
    if "replay" in weights:
        operators = tuple(operator_named(name, config, edits) for name in weights)
        experiment = replace(experiment, portfolio=Portfolio(operators, tuple(weights.values())))
    marks: list[Mark] = []
    start_s = family_cpu_s()

    def observe(progress: Progress) -> None:
        simulated = sum(
            tally.by_placement.get(placement, 0)
            for tally in progress.tallies.values()
            for placement in VALID
        )
        archive = progress.archive
        spent_s = family_cpu_s() - start_s
        marks.append(Mark(progress.evaluations, simulated, spent_s, len(archive), archive.qd_score))

    with log:
        progress = search(experiment, log, observe=observe)
    return Result(arm, seed, tuple(marks), row_of(arm, seed, progress, marks))


def row_of(arm: str, seed: int, progress: Progress, marks: Sequence[Mark]) -> dict[str, object]:
    """Return what is printed of one search."""
    tallies = [tally for name, tally in progress.tallies.items() if name != "seed"]
    children = sum(tally.proposals for tally in tallies)

    def share(*placements: Placement) -> float:
        count = sum(t.by_placement.get(p, 0) for t in tallies for p in placements)
        return round(100 * count / children, 1)

    best = progress.archive.best
    return {
        "arm": arm,
        "seed": seed,
        "evaluations": progress.evaluations,
        "cells": len(progress.archive),
        "qd_score": round(progress.archive.qd_score),
        "best": round(best[1].fitness if best else 0.0, 1),
        "valid": share(*VALID),
        "refused": share(Placement.REFUSED),
        "duplicate": share(Placement.DUPLICATE),
        "admitted": share(Placement.NEW, Placement.IMPROVED),
        "cpu_s": round(marks[-1].cpu_s),
        "simulated": marks[-1].simulated,
        "shares": ", ".join(f"{name}={share:.3f}" for name, share in progress.shares.items()),
    }


def at(marks: Sequence[Mark], field: str, limit: float) -> Mark:
    """Return where a search stood when a count had reached a limit."""
    return next((mark for mark in marks if getattr(mark, field) >= limit), marks[-1])


def compare(results: Sequence[Result]) -> list[dict[str, object]]:
    """Return mean and range over the seeds of each arm, for the three denominators."""
    rows = []
    least = {
        field: min(getattr(result.marks[-1], field) for result in results)
        for field in ("evaluations", "simulated", "cpu_s")
    }
    for arm in dict.fromkeys(result.arm for result in results):
        mine = [result for result in results if result.arm == arm]
        row: dict[str, object] = {"arm": arm, "seeds": len(mine)}
        for field, limit in least.items():
            marks = [at(result.marks, field, limit) for result in mine]
            row[f"cells at {limit:.0f} {field}"] = spread([mark.cells for mark in marks])
            row[f"QD at {limit:.0f} {field}"] = spread([mark.qd_score for mark in marks])
        rows.append(row)
    return rows


def spread(values: Sequence[float]) -> str:
    """Return mean and range as text."""
    return f"{statistics.mean(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def asked(given: argparse.Namespace, arm: str) -> dict[str, object]:
    """Return what an arm was told besides its name; empty where it has no say."""
    with_model = "diff" in arm
    return {
        "program": given.seed_program,
        "model": (given.model or DEFAULT_MODEL) if with_model else "",
        "attempts": given.attempts if with_model else "",
        "line_attempts": given.line_attempts if with_model else "",
        "new_attempts": given.new_attempts if with_model else "",
        "temperature": given.temperature if with_model else "",
        "siblings": given.siblings if with_model else "",
        "aim": not given.no_aim if with_model else "",
        "tune_every": given.tune_every or "",
        "tune_steps": given.tune_steps if given.tune_every else "",
    }


def main() -> None:
    """Parse the command line, compete, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arm", action="append", required=True)
    parser.add_argument("--runs", type=Path, action="append", default=[])
    parser.add_argument("--model", default="")
    parser.add_argument("--seed-program", default="square")
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--attempts", type=int, default=1)
    parser.add_argument("--line-attempts", type=int, default=4)
    parser.add_argument("--new-attempts", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--siblings", type=int, default=16)
    parser.add_argument("--no-aim", action="store_true", help="ask by the paper's messages")
    parser.add_argument(
        "--adapt",
        nargs="?",
        choices=("both", "only"),
        const="both",
        help="let each arm also, or only, compete with shares that adapt",
    )
    parser.add_argument("--tune-every", type=int, help="train the diff model each so often")
    parser.add_argument("--tune-steps", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default="contest")
    parser.add_argument("--machine")
    given = parser.parse_args()
    diff = {
        "model": given.model,
        "attempts": given.attempts,
        "line_attempts": given.line_attempts,
        "temperature": given.temperature,
        "siblings": given.siblings,
        "new_attempts": given.new_attempts,
        "aim": not given.no_aim,
    }
    overrides = {
        "evaluations": given.evaluations,
        "workers": given.workers,
        "options": {"seed_program": given.seed_program},
        "diff": diff,
        "tune_every": given.tune_every,
        "tune_steps": given.tune_steps,
    }
    adapts = {None: (False,), "both": (False, True), "only": (True,)}[given.adapt]
    configs = [read_config(None, {**overrides, "adapt": adapt}) for adapt in adapts]
    edits = accepted(given.runs) if given.runs else []
    results = []
    for seed in map(int, given.seeds.split(",")):
        for arm, config in itertools.product(given.arm, configs):
            with tempfile.TemporaryDirectory(prefix="ulmus-contest-") as scratch:
                results.append(compete(arm, seed, config, edits, Path(scratch) / "run"))
            print_rows([results[-1].row])
    print_rows([result.row for result in results])
    print_rows(compare(results))
    rows = [{**asked(given, result.arm), **result.row} for result in results]
    identity = (*asked(given, ""), "arm", "seed", "evaluations")
    print(write_rows(given.name, rows, given.machine, identity))


if __name__ == "__main__":
    main()
