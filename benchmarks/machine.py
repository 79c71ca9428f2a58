"""Where results go: benchmarks/results/<machine>/<name>.csv."""

from __future__ import annotations

import csv
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path


def machine_name() -> str:
    """Return a name such as "amd-epyc-2-cores": what the timings depend on, nothing personal."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"model name\s*:\s*(.+)", info.read_text())
        model = match.group(1) if match else model
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    return f"{slug}-{os.cpu_count()}-cores"


def write_rows(name: str, rows: Sequence[Mapping[str, object]], machine: str | None = None) -> Path:
    """Write rows with equal keys as benchmarks/results/<machine>/<name>.csv."""
    folder = Path(__file__).parent / "results" / (machine or machine_name())
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows as an aligned table."""
    table = [list(rows[0]), *[[str(value) for value in row.values()] for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
