"""One long run: does an evaluation cost the same at the end as at the beginning?

    python benchmarks/million.py --out runs/million [--evaluations 1000000] [--workers 2]

Prints the CPU milliseconds per evaluation by part of the pipeline at several ages of the run, the
pace, and the memory of all processes together. The score part holds the simulation, which grows
with the walkers; everything else must not. The same command goes on with a run that was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from machine import family_rss_mb, print_rows, write_rows
from ulmus import experiment as root
from ulmus.config import read_config
from ulmus.runs.file import FILE_NAME
from ulmus.runs.log import BatchClock, RunLog
from ulmus.search.loop import Progress

AGES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
WINDOW_SHARE = 0.2  # of the age, looked at up to that age
FLAT_PARTS = ("operator", "sandbox", "map", "log")
MEMORY_EVERY = 20_000


def search(folder: Path, evaluations: int, workers: int) -> dict[int, float]:
    """Run or go on to so many evaluations; return the memory by age."""
    overrides = {"evaluations": evaluations, "workers": workers, "seed": 1}
    if (folder / FILE_NAME).exists():
        experiment, log = root.resume(folder, None, overrides)
    else:
        experiment, log = root.start(read_config(None, overrides), folder)
    memory: dict[int, float] = {}

    def observe(progress: Progress) -> None:
        mark = progress.evaluations // MEMORY_EVERY
        if mark not in memory:
            memory[mark] = family_rss_mb()
            print(f"{progress.evaluations:9,} {progress.evaluations_per_s:6.0f}/s "
                  f"{len(progress.archive)} cells, QD {progress.archive.qd_score:,.0f}, "
                  f"{memory[mark]:.0f} MB", flush=True)  # fmt: skip

    with log:
        root.run(experiment, log, observe=observe)
    return memory


def window(clocks: Sequence[BatchClock], age: int) -> dict[str, object]:
    """Return the profile of the evaluations up to an age."""
    first, done = (1 - WINDOW_SHARE) * age, 0
    chosen: list[BatchClock] = []
    before_s = 0.0
    for clock in clocks:
        done += clock.num_steps
        if first < done <= age:
            chosen.append(clock)
        elif done <= first:
            before_s = clock.elapsed_s
    steps = sum(clock.num_steps for clock in chosen)
    wall_s = chosen[-1].elapsed_s - before_s
    parts = {
        f"{part}_ms": round(1000 * sum(c.parts_s.get(part, 0.0) for c in chosen) / steps, 4)
        for part in (*FLAT_PARTS, "score")
    }
    flat = round(sum(float(str(parts[f"{part}_ms"])) for part in FLAT_PARTS), 4)
    return {"age": age, "per_s": round(steps / wall_s, 1), **parts, "flat_ms": flat}


def main() -> None:
    """Parse the command line, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--evaluations", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--machine")
    given = parser.parse_args()
    memory = search(given.out, given.evaluations, given.workers)
    with RunLog.open_read_only(given.out) as log:
        clocks, size = list(log.clocks()), (given.out / FILE_NAME).stat().st_size
        elapsed_s = log.elapsed_s
    rows = [window(clocks, age) for age in AGES if age <= given.evaluations]
    print_rows(rows)
    first, last = (float(str(row["flat_ms"])) for row in (rows[0], rows[-1]))
    peak_mb = max(memory.values(), default=0.0)
    print(f"flat part, last against first: {last / first:.3f} (target 1.2)")
    print(f"{elapsed_s / 3600:.2f} h (target 3)")
    print(f"log {size / 2**20:.0f} MB, peak memory {peak_mb:.0f} MB (target 2048)")
    print(write_rows("million", rows, given.machine))


if __name__ == "__main__":
    main()
