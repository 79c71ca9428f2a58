"""A pipeline that nobody followed: a few files written by hand, for tests of its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fake_run import CHILD, GRANDCHILD, OTHER, make_run

TERRAINS = ("left_wall", "tunnel")


def make_pipeline(folder: Path) -> Path:
    """Write a pipeline in which all is done."""
    tasks = {
        "1-runs/square-1": ("runs", {"evaluations": 100, "valid": 0.5, "cells": 3}),
        "2-tuned/model": ("tuning", {"edits": 40, "held_out": 2, "quality": {}}),
        "3-dataset/80": ("dataset", {"programs": 12, "map": [[5, 3.0], [700, 41.8]]}),
        "4-inventor": ("inventor", {"steps": 20, "programs": 12, "loss": 1.5, "test_loss": 1.75}),
        "5-samples": (
            "samples",
            {"samples": 8, "valid": 0.25, "cells": 3, "data": {"programs": 8, "map": [[5, 3.0]]}},
        ),
        "6-conditional/seed-1": ("conditional", {"iterations": 2, "after": cross(10.0)}),
        "6-conditional/seed-2": ("conditional", {"iterations": 2, "after": cross(20.0)}),
    }
    describe(folder, [(stage, name) for name, (stage, _) in tasks.items()])
    for name, (stage, figures) in tasks.items():
        record(folder, stage, name, figures)
    make_run(folder / "1-runs/square-1")
    make_run(folder / "5-samples")
    write(
        folder / "4-inventor.losses.jsonl",
        [
            {"step": 10, "loss": 3.0, "test_loss": 2.5},
            {"step": 20, "loss": 9.0, "test_loss": None},
            {"step": 20, "loss": 1.5, "test_loss": 1.75},
        ],
        torn='{"step": 30, "lo',
    )
    for seed, start in ((1, 1.0), (2, 3.0)):
        train(folder / f"6-conditional/seed-{seed}", start)
    return folder


def describe(folder: Path, tasks: list[tuple[str, str]]) -> None:
    """Write pipeline.json."""
    folder.mkdir(parents=True)
    told = {
        "format": "ulmus-pipeline", "version": 1, "ulmus": "0.1.0", "preset": "tiny",
        "values": {"seed_programs": ["square"], "terrains": list(TERRAINS)},
        "tasks": [{"stage": stage, "folder": name} for stage, name in tasks],
    }  # fmt: skip
    (folder / "pipeline.json").write_text(json.dumps(told))


def record(folder: Path, stage: str, name: str, figures: dict[str, Any] | None) -> None:
    """Write the record of a task."""
    file = folder / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"stage": stage, "seconds": 60.0, "figures": figures}))


def cross(own: float) -> dict[str, Any]:
    """Return a table in which the own terrain is worth `own`, and others 1."""
    return {"mean": {a: {b: own if a == b else 1.0 for b in TERRAINS} for a in TERRAINS}}


def train(folder: Path, start: float) -> None:
    """Write what a training of the conditional inventor leaves."""
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"iteration": 0, "cross": cross(start)}]
    for number in (1, 2):
        terrains = {name: {"mean": start + number} for name in TERRAINS}
        lines.append({"iteration": number, "terrains": terrains})
    write(folder / "log.jsonl", lines)
    programs = ((CHILD.source, 5.0), (GRANDCHILD.source, 7.0), (OTHER.source, None), (None, None))
    write(
        folder / "samples.jsonl",
        [
            {"terrain": "tunnel", "program": text, "scores": {"left_wall": 99.0, "tunnel": score}}
            for text, score in programs
        ],
    )


def write(file: Path, lines: list[dict[str, Any]], torn: str = "") -> None:
    """Write objects, one a line."""
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + torn)
