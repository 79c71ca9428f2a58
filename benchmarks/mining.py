"""Commits mined per second and core, end to end: reading, filters, units, verification, writing.

    python benchmarks/mining.py REPO... [--repeats 3]

Takes any local git repositories. Counts the CPU seconds of this process and of the git processes
that it starts, so other work on the machine disturbs less; the wall clock is shown beside it. The
repositories' files are in the page cache after the first round. Target: 1,500 commits per second
and core.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from machine import print_rows, write_rows
from ulmus.mining import Options, RepositorySpec, mine
from ulmus.workers import InlineExecutor


def cpu_s() -> float:
    """Return the CPU seconds so far of this process and of the git processes that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(paths: list[str]) -> dict[str, object]:
    """Mine once into an empty folder and return one row."""
    specs = [RepositorySpec(Path(path)) for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), cpu_s()
        mined = mine(specs, Options(), Path(folder), InlineExecutor())
        wall_s, used_s = time.perf_counter() - start, cpu_s() - cpu
    num_commits = mined.report["funnel"]["kept"]["commits"]
    return {
        "repositories": len(paths),
        "commits": num_commits,
        "samples": mined.num_samples,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(used_s, 2),
        "commits_per_s": round(num_commits / wall_s),
        "commits_per_cpu_s": round(num_commits / used_s),
    }


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    rows = [measure(arguments.repositories) for _ in range(arguments.repeats)]
    print_rows(rows)
    write_rows("mining", rows)


if __name__ == "__main__":
    main()
