"""Operators that need no language model: what a child costs, and what they find in a search.

    python benchmarks/operators.py                  time per child and size of views
    python benchmarks/operators.py --search 5000 [--operators syntax=1 --operators ...]
                                                    MAP-Elites from a seed program, real parts

A search prints one row per mixture and seed and, for the children with one edit only, one row per
kind of edit: how many were valid walkers, how many were admitted, how much they raised the QD
score.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence

from machine import print_rows, write_rows
from ulmus.catalogue import make_operator
from ulmus.operators.syntax import SyntaxMutation
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Placement, Program
from ulmus.sandbox.wasm import WasmSandbox
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import Portfolio
from ulmus.seeding import generator

SEED_PROGRAMS = ("square", "radial", "cppn-fixed", "cppn-mutable", "galloper")


def seed_program(name: str) -> Program:
    """Return a built-in program of Sodarace."""
    return Sodarace(seed_program=name).seeds()[0]


def descendant(program: Program, generations: int, lines: int = 0) -> Program:
    """Return a descendant by `syntax`, with at least so many lines if generations allow.

    Shorter children are passed over until there are enough lines.
    """
    operator = make_operator("syntax")
    for index in range(generations):
        rng = generator(1, "descent", 0, index)
        child = operator.propose([[program]], [rng])[0].program
        if child is not None and (not lines or len(child.source) >= len(program.source)):
            program = child
        if lines and program.source.count("\n") >= lines:
            break
    return program


def time_children(name: str, parent: Program, repeats: int) -> dict[str, object]:
    """Measure microseconds per child, with the view of the parent known and unknown."""
    operator = make_operator(name)
    relatives = [descendant(parent, 6)] * (operator.arity - 1)
    known, unknown = [], []
    for index in range(repeats):
        rng = generator(2, "time", 0, index)
        start = time.perf_counter()
        operator.propose([[parent, *relatives]], [rng])
        known.append(time.perf_counter() - start)
    for index in range(repeats // 10):
        fresh = Program(f"{parent.source}\n# {name} {index}\n")
        start = time.perf_counter()
        operator.propose([[fresh, *relatives]], [generator(3, "time", 0, index)])
        unknown.append(time.perf_counter() - start)
    return {
        "operator": name,
        "lines": parent.source.count("\n"),
        "chars": len(parent.source),
        "known_us": round(1e6 * statistics.median(known)),
        "known_p95_us": round(1e6 * sorted(known)[int(0.95 * len(known))]),
        "unknown_us": round(1e6 * statistics.median(unknown)),
    }


def tally_counts(steps: list[tuple[str, Placement, float]]) -> list[dict[str, object]]:
    """Sum up the children by number of edits."""
    counted = [(f"{note.count('; ') + 1} edits", *rest) for note, *rest in steps]
    return tally(counted)


def tally_kinds(steps: list[tuple[str, Placement, float]]) -> list[dict[str, object]]:
    """Sum up the children with a single edit by kind of edit."""
    single = [step for step in steps if "; " not in step[0]]
    return tally([(note.partition(":")[0], *rest) for note, *rest in single])


def tally(steps: Sequence[tuple[str, Placement, float]]) -> list[dict[str, object]]:
    """Sum up children by the word that comes with each."""
    kinds: dict[str, list[tuple[Placement, float]]] = defaultdict(list)
    for word, placement, gain in steps:
        kinds[word].append((placement, gain))
    rows = []
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        placements = [placement for placement, _ in found]
        admitted = sum(p.admitted for p in placements)
        valid = admitted + placements.count(Placement.KEPT_OUT)
        rows.append(
            {
                "kind": kind,
                "children": len(found),
                "valid": round(valid / len(found), 2),
                "admitted": round(admitted / len(found), 2),
                "new": round(placements.count(Placement.NEW) / len(found), 3),
                "gain": round(sum(gain for _, gain in found) / len(found), 2),
            }
        )
    return rows


def search(
    portfolio: Portfolio, program: str, seed: int, evaluations: int
) -> tuple[dict[str, object], list[tuple[str, Placement, float]]]:
    """Run MAP-Elites and return a row of results and what became of each child."""
    problem = Sodarace(seed_program=program)
    sandbox = WasmSandbox()
    elites = MapElites(problem.measures, portfolio, problem.seeds(), seed=seed, depth=1)
    fates: list[tuple[str, Placement, float]] = []
    operator_s = 0.0
    start = time.process_time()
    while len(fates) < evaluations:
        begin = time.process_time()
        batch = elites.ask()
        operator_s += time.process_time() - begin
        outcomes = sandbox.run([problem.job(child) for child in batch.programs])
        fitness = {
            cell: elite.fitness for cell, elite in elites.archive
        }  # before this batch, so that gains within a batch count in order
        for step in elites.tell(batch, problem.score(outcomes)):
            gain = 0.0
            admitted = step.placement.admitted
            if admitted and step.cell is not None and step.evaluation is not None:
                after = step.evaluation.fitness or 0.0
                gain = after - fitness.get(step.cell, 0.0)
                fitness[step.cell] = after
            fates.append((step.proposal.note, step.placement, gain))
    placements = [placement for _, placement, _ in fates]
    admitted = sum(p.admitted for p in placements)
    best = elites.archive.best
    sizes = [len(elite.program.source) for _, elite in elites.archive]
    return {
        "program": program,
        "seed": seed,
        "evaluations": len(fates),
        "cells": len(elites.archive),
        "qd": round(elites.archive.qd_score),
        "best": round(best[1].fitness, 1) if best else 0,
        "valid": round((admitted + placements.count(Placement.KEPT_OUT)) / len(fates), 3),
        "admitted": round(admitted / len(fates), 3),
        "refused": placements.count(Placement.REFUSED),
        "duplicate": placements.count(Placement.DUPLICATE),
        "median_chars": round(statistics.median(sizes)),
        "operator_ms": round(1000 * operator_s / len(fates), 2),
        "cpu_s": round(time.process_time() - start, 1),
    }, fates


def parse_mixture(text: str) -> dict[str, float]:
    """Return the weights of a text such as "syntax=0.8,crossover=0.2"."""
    pairs = (part.partition("=") for part in text.split(","))
    return {name: float(weight or 1) for name, _, weight in pairs}


def make_portfolio(mixture: dict[str, float], weights: dict[str, float]) -> Portfolio:
    """Return operators with their weights; `weights` are those of the kinds of edit of syntax."""
    operators = (
        SyntaxMutation(weights) if name == "syntax" else make_operator(name) for name in mixture
    )
    return Portfolio(tuple(operators), tuple(mixture.values()))


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", type=int, metavar="EVALUATIONS")
    parser.add_argument("--operators", action="append", metavar="NAME=WEIGHT,...")
    parser.add_argument("--weights", default={}, type=parse_mixture, metavar="KIND=WEIGHT,...")
    parser.add_argument("--programs", default="square")
    parser.add_argument("--seeds", default="101,102,103")
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--machine")
    given = parser.parse_args()
    mixtures = given.operators or ["syntax=0.8,crossover=0.2"]
    if given.search is None:
        parents = [seed_program(name) for name in SEED_PROGRAMS]
        parents.append(descendant(parents[0], 5000, 100))
        names = [name for mixture in mixtures for name in parse_mixture(mixture)]
        rows = [time_children(n, p, given.repeats) for n in names for p in parents]
        print_rows(rows)
        print(write_rows("operators", rows, given.machine))
        return
    rows = []
    for mixture in mixtures:
        portfolio = make_portfolio(parse_mixture(mixture), given.weights)
        fates: list[tuple[str, Placement, float]] = []
        for program in given.programs.split(","):
            for seed in given.seeds.split(","):
                row, more = search(portfolio, program, int(seed), given.search)
                rows.append({"operators": mixture, **row})
                fates += more
        print_rows(tally_kinds(fates))
        print_rows(tally_counts(fates))
    print_rows(rows)
    print(write_rows("operators_search", rows, given.machine))


if __name__ == "__main__":
    main()
