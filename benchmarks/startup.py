"""How long `import ulmus`, `ulmus --help` and a first result take; medians of fresh processes.

python benchmarks/startup.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from machine import print_rows, write_rows

COMMANDS = {
    "python (nothing)": ["-c", "pass"],
    "import ulmus": ["-c", "import ulmus"],
    "ulmus --help": ["-m", "ulmus.cli.main", "--help"],
    "ulmus --version": ["-m", "ulmus.cli.main", "--version"],
}
TARGETS_MS = {"import ulmus": 100, "ulmus --help": 500}


def milliseconds(arguments: list[str]) -> float:
    """Return the wall time of one fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--machine")
    given = parser.parse_args()
    rows = []
    for name, arguments in COMMANDS.items():
        times = [milliseconds(arguments) for _ in range(given.repeats)]
        target = TARGETS_MS.get(name, "")
        rows.append(
            {"what": name, "median_ms": round(statistics.median(times), 1), "target_ms": target}
        )
    print_rows(rows)
    print(write_rows("startup", rows, given.machine))


if __name__ == "__main__":
    main()
