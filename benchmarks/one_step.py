"""Operators compared by one step from the same maps: what a child is worth, with no path luck.

    python benchmarks/one_step.py RUN... --operator syntax --operator diff:MODEL [--at 2000,20000]
        [--children 2048] [--attempts 3] [--line-attempts 4] [--temperature 0.8] [--no-aim]
        [--workers 1] [--name N]

The map of each run is taken as it stood after so many evaluations. Every operator makes as many
children from it, parents drawn as the search draws them, and each child is judged against that map
alone, which does not change; a repeated child comes to nothing. One row per map and operator: valid
children, those that open a cell, those that beat a champion, the QD score that a child adds on
average if it were the only one, with its standard error over parents, and CPU milliseconds per
child, proposing alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import print_rows, write_rows
from ulmus.catalogue import make_operator
from ulmus.evaluate import Evaluator
from ulmus.experiment import build_evaluation, prepare, stored_config
from ulmus.operators.base import Operator, wishes_of
from ulmus.operators.diff import DiffSettings
from ulmus.records import Evaluation, Placement, Program, Proposal
from ulmus.runs.log import RunLog
from ulmus.runs.views import champions, source_of
from ulmus.search.aiming import Aim
from ulmus.search.archive import Archive, Elite
from ulmus.seeding import generator
from ulmus.workers import local_executor

GROUP = 16
"""Children of one parent, whatever the operator: equal numbers of parents for all."""


@dataclass(frozen=True)
class Map:
    """A map of a run at some age, with the cells of its champions."""

    name: str
    archive: Archive
    cells: tuple[int, ...]


def map_of(run: Path, at: int) -> Map:
    """Return the map of a run after so many evaluations."""
    with RunLog.open_read_only(run) as log:
        num_steps = sum(clock.num_steps for clock in log.clocks())
        if num_steps < at:
            raise SystemExit(f"{run} has only {num_steps:,} evaluations; --at wants {at:,}")
        measures = build_evaluation(stored_config(log))[0].measures
        archive = Archive(measures)
        for cell, step in champions(s for s in log.steps() if s.number < at).items():
            assert step.fitness is not None
            elite = Elite(Program(source_of(log, step.number)), step.fitness, step.measures)
            archive.put(cell, elite)
    return Map(f"{run.name}@{at}", archive, tuple(cell for cell, _ in archive))


def children_of(given: Map, operator: Operator, count: int) -> tuple[list[Proposal], float]:
    """Return children, `GROUP` in a row of the same parents, and the CPU seconds they took."""
    aim = Aim(wishes_of(operator), given.archive.measures)
    proposals, spent_s = [], 0.0
    for number in range(count // GROUP):
        draw = generator(0, "parents", number, 0)
        cells = [given.cells[int(draw.random() * len(given.cells))] for _ in range(operator.arity)]
        elites = [given.archive.elite(cell) for cell in cells]
        parents = [elite.program for elite in elites if elite is not None]
        rngs = [generator(0, "children", number, index) for index in range(GROUP)]
        arguments: list[object] = [[parents] * GROUP, rngs]
        if aim and elites[0] is not None:
            fitness = elites[0].fitness
            draws = [generator(0, "aims", number, index) for index in range(GROUP)]
            arguments.append([aim.choose(given.archive, cells[0], fitness, rng) for rng in draws])
        start = time.process_time()
        proposals += operator.propose(*arguments)  # type: ignore[arg-type]
        spent_s += time.process_time() - start
    return proposals, spent_s


def judged(given: Map, proposals: Sequence[Proposal], evaluator: Evaluator) -> list[Evaluation]:
    """Evaluate children; refused ones, champions again and repeated ones come to nothing."""
    known = {elite.program.hash for _, elite in given.archive}
    fresh: dict[str, tuple[int, Program]] = {}
    for number, proposal in enumerate(proposals):
        program = proposal.program
        if program is not None and program.hash not in known:
            fresh.setdefault(program.hash, (number, program))
    evaluations = [Evaluation.invalid("no new program")] * len(proposals)
    ticket = evaluator.start([program for _, program in fresh.values()])
    found = evaluator.finish(ticket).evaluations
    for (number, _), evaluation in zip(fresh.values(), found, strict=True):
        evaluations[number] = evaluation
    return evaluations


def row_of(
    given: Map, operator: Operator, temperature: float, count: int, evaluator: Evaluator
) -> dict[str, object]:
    """Return what is printed of one operator on one map."""
    proposals, spent_s = children_of(given, operator, count)
    evaluations = judged(given, proposals, evaluator)
    placements, gains = [], []
    for proposal, evaluation in zip(proposals, evaluations, strict=True):
        program = proposal.program or Program("")
        placement, cell = given.archive.judge(program, evaluation)
        placements.append(placement)
        rival = None if cell is None else given.archive.elite(cell)
        before = 0.0 if rival is None else rival.fitness
        gains.append(evaluation.fitness - before if placement.admitted else 0.0)
    groups = [statistics.mean(gains[at : at + GROUP]) for at in range(0, len(gains), GROUP)]
    total = len(placements)

    def share(*wanted: Placement) -> float:
        return round(100 * sum(p in wanted for p in placements) / total, 1)

    return {
        "map": given.name,
        "cells": len(given.cells),
        "operator": operator.name.rpartition("/")[2],  # a model's folder by its last name
        "temperature": temperature,  # concerns models alone
        "children": total,
        "valid_%": share(Placement.NEW, Placement.IMPROVED, Placement.KEPT_OUT),
        "new_%": share(Placement.NEW),
        "improved_%": share(Placement.IMPROVED),
        "gain": round(statistics.mean(gains), 2),
        "error": round(statistics.stdev(groups) / len(groups) ** 0.5, 2),
        "propose_ms": round(1000 * spent_s / total, 1),
    }


def main() -> None:
    """Parse the command line, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--operator", action="append", required=True)
    parser.add_argument("--at", default="20000")
    parser.add_argument("--children", type=int, default=2048)
    parser.add_argument("--attempts", type=int, default=3)
    parser.add_argument("--line-attempts", type=int, default=4)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--no-aim", action="store_true", help="ask by the paper's messages")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--name", default="one-step")
    parser.add_argument("--machine")
    given = parser.parse_args()
    if given.children < 2 * GROUP:
        parser.error(f"--children must be at least {2 * GROUP}: the error is over parents")
    told = DiffSettings(
        attempts=given.attempts,
        line_attempts=given.line_attempts,
        temperature=given.temperature,
        aim=not given.no_aim,
    )
    operators = [make_operator(name, told) for name in given.operator]
    maps = {run: [map_of(run, int(at)) for at in given.at.split(",")] for run in given.runs}
    rows = []
    for run in given.runs:
        with RunLog.open_read_only(run) as log:
            problem, sandbox = build_evaluation(stored_config(log))
        prepare(problem, sandbox, *operators)
        evaluator = Evaluator(problem, sandbox, lambda: local_executor(given.workers))
        for here in maps[run]:
            for operator in operators:
                rows.append(row_of(here, operator, given.temperature, given.children, evaluator))
                print_rows([rows[-1]])
        evaluator.close()
    print_rows(rows)
    print(write_rows(given.name, rows, given.machine))


if __name__ == "__main__":
    main()
