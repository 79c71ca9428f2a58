"""The whole pipeline on this machine: evaluations per second and core, by part, and the log.

    python benchmarks/pipeline.py [--evaluations 3000] [--seeds 3] [--workers 2]

Starts fresh runs from the Square seed with the default operators. "Per core" divides by the CPU
seconds of all processes; the first batches, in which the workers start, are left out. Parts are
CPU time, in milliseconds per evaluation.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from machine import family_cpu_s, print_rows, write_rows
from ulmus import experiment as root
from ulmus.config import read_config
from ulmus.search.loop import Progress

WARM_BATCHES = 4


def measure(seed: int, evaluations: int, workers: int, folder: Path) -> dict[str, object]:
    """Run once and return one row."""
    overrides = {"seed": seed, "evaluations": evaluations, "workers": workers}
    experiment, log = root.start(read_config(None, overrides), folder)
    marks: list[tuple[float, float, int]] = []  # wall, CPU and evaluations after each batch

    def observe(progress: Progress) -> None:
        marks.append((time.perf_counter(), family_cpu_s(), progress.evaluations))

    with log:
        start = time.perf_counter()
        progress = root.run(experiment, log, observe=observe)
    warm, last = marks[min(WARM_BATCHES, len(marks) // 2)], marks[-1]
    wall_s, cpu_s, counted = (b - a for a, b in zip(warm, last, strict=True))
    start_up_s = marks[0][0] - start
    size = sum(file.stat().st_size for file in folder.iterdir())
    parts = {f"{part}_ms": round(1000 * s / evaluations, 3) for part, s in progress.parts_s.items()}
    return {
        "seed": seed,
        "evaluations": progress.evaluations,
        "per_s": round(counted / wall_s, 1),
        "per_cpu_s": round(counted / cpu_s, 1),
        "first_batch_s": round(start_up_s, 2),
        **parts,
        "cells": len(progress.archive),
        "qd_score": round(progress.archive.qd_score, 1),
        "valid": round(progress.valid_share, 3),
        "log_bytes_per_step": round(size / progress.evaluations, 1),
    }


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--machine")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            measure(seed, given.evaluations, given.workers, Path(folder) / str(seed))
            for seed in range(given.seeds)
        ]
    print_rows(rows)
    for key in ("per_s", "per_cpu_s"):
        print(f"median {key}: {statistics.median(float(str(row[key])) for row in rows)}")
    print(write_rows("pipeline", rows, given.machine))


if __name__ == "__main__":
    main()
