"""Runs that nobody searched for: families of small programs with drawn fitness, on a small map."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path

from ulmus.grid import cell_of
from ulmus.records import Evaluation, Measure, Placement, Program, Proposal, Step, program_hash
from ulmus.runs.log import RunLog

AXES = (Measure("height", "u", 0.0, 30.0, 3), Measure("mass", "", 0.0, 240.0, 3))


def scores(text: str) -> tuple[float, tuple[float, float]]:
    """Return fitness and measures of a text, the same in every run."""
    rng = random.Random(program_hash(text))
    return rng.uniform(1.0, 100.0), (rng.uniform(0.0, 30.0), rng.uniform(0.0, 240.0))


def write_run(
    folder: Path, texts: list[tuple[str, str | None]], *, seed: int = 1, terrain: str = "flat",
    seed_program: str = "square", problem: str = "sodarace", bins: int = 3,
) -> Path:  # fmt: skip
    """Write a run that evaluates texts in order, each a child of the text beside it or a seed.

    A program whose parent the map did not admit has the first seed as its parent.
    """
    axes = [asdict(axis) | {"bins": bins} for axis in AXES]
    measures = tuple(Measure(**axis) for axis in axes)
    manifest = {
        "config": {
            "problem": problem,
            "seed": seed,
            "options": {"seed_program": seed_program, "terrain": terrain},
        },
        "identity": {
            "problem": f"{problem}(terrain={terrain!r}, seed_program={seed_program!r}), scores 1",
            "seed": seed,
            "operators": "syntax/1=1.0",
        },
        "measures": axes,
    }
    best: dict[int, float] = {}
    admitted: list[str] = []
    steps = []
    with RunLog.create(folder, manifest) as log:
        for number, (text, parent) in enumerate(texts):
            fitness, values = scores(text)
            cell = cell_of(measures, values)
            placement = Placement.NEW if cell not in best else Placement.IMPROVED
            if fitness <= best.get(cell, 0.0):
                placement = Placement.KEPT_OUT
            else:
                best[cell] = fitness
            known = parent if parent in admitted or parent is None else admitted[0]
            parents = () if known is None else (Program(known).hash,)
            proposal = Proposal("seed" if known is None else "syntax", parents, Program(text))
            steps.append(Step(0, number, proposal, Evaluation(fitness, values), placement, cell))
            if placement.admitted:
                admitted.append(text)
        log.append(steps, replayable={"syntax": True}, elapsed_s=1.0, parts_s={})
    return folder


def family(name: str, size: int, seed: int) -> list[tuple[str, str | None]]:
    """Return a seed program and descendants, each with its parent."""
    rng = random.Random(seed)
    texts: list[tuple[str, str | None]] = [(f"# {name}\nx = 0\n", None)]
    for number in range(1, size):
        parent = rng.choice(texts)[0]
        texts.append((f"# {name}\nx = {number}\n", parent))
    return texts
