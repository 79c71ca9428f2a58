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


def write_rows(
    name: str,
    rows: Sequence[Mapping[str, object]],
    machine: str | None = None,
    identity: Sequence[str] | None = None,
) -> Path:
    """Write rows with equal keys as benchmarks/results/<machine>/<name>.csv.

    Args:
        name: Of the file.
        rows: What was measured.
        machine: Instead of the name of this one.
        identity: Columns that say which measurement a row is. Earlier rows that are another one
            stay in the file; None: no earlier row does.
    """
    folder = Path(__file__).parent / "results" / (machine or machine_name())
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.csv"
    earlier: list[dict[str, str]] = []
    if identity is not None and file.exists():
        anew = {tuple(str(row[key]) for key in identity) for row in rows}
        with file.open(newline="") as stream:
            known = list(csv.DictReader(stream))
        earlier = [row for row in known if tuple(row.get(key) for key in identity) not in anew]
    columns = dict.fromkeys((*rows[0], *(key for row in earlier for key in row)))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(columns), restval="")
        writer.writeheader()
        writer.writerows(earlier)
        writer.writerows(rows)
    return file


def print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows as an aligned table."""
    table = [list(rows[0]), *[[str(value) for value in row.values()] for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def family() -> list[Path]:
    """Return the /proc folders of this process and its children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if os.getpid() in (int(entry.name), parent):
                found.append(entry)
    return found


def family_rss_mb() -> float:
    """Return the resident memory of this process and its children, shared pages counted twice."""
    pages = sum(int((entry / "statm").read_text().split()[1]) for entry in family())
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def family_cpu_s() -> float:
    """Return the CPU time so far of this process and its living children."""
    ticks = 0
    for entry in family():
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime, stime: proc(5) fields 14 and 15
    return ticks / os.sysconf("SC_CLK_TCK")
