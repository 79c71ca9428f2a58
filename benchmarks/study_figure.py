"""The figure and the table of the bug-repair study, from what `ulmus study repair --out` wrote.

    python benchmarks/study_figure.py node=DIR syntax=DIR ... --svg docs/images/study.svg

Each series is a name and a folder (or its study.json). The table is printed as Markdown. Dashed are
the paper's curves, read off its charts (arXiv 2206.08896, section 5; about 2 points up or down).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from xml.sax.saxutils import escape

TASKS = {"parity": 5, "quadratic": 2}
TITLES = {"parity": "4-Parity", "quadratic": "Quadratic"}

PAPER: Mapping[str, Mapping[str, Sequence[float]]] = {
    "paper: GP": {"parity": (0.47, 0.07, 0.016, 0.004, 0), "quadratic": (0.9, 0.05)},
    "paper: diff 300M": {"parity": (8.7, 15, 12, 29, 0.74), "quadratic": (8, 11)},
}
"""Success in per cent by number of bugs; GP had no success with five bugs in 100,000 trials."""

WIDTH, TOP, BOTTOM, LEFT, STEP, GAP = 860, 62, 370, 66, 92, 70
LOW, HIGH = -4.0, 2.0  # ends of the axis, as powers of ten of per cent
COLOURS = ("#0f766e", "#b45309", "#1d4ed8", "#be185d", "#4d7c0f", "#7c3aed")
GREYS = ("#8a8a8a", "#5c5c5c")
MARKS = ("circle", "square", "diamond", "triangle")
DODGE = 11.0  # between series at the same number of bugs, in pixels


@dataclass(frozen=True)
class Point:
    """Success in per cent with its interval; the paper gives no interval."""

    bugs: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """One line of the figure."""

    name: str
    colour: str
    mark: str
    points: Mapping[str, Sequence[Point]]
    samples: int | None = None

    @property
    def dashed(self) -> bool:
        """Tell whether it is the paper's."""
        return self.samples is None


def read(name: str, place: Path, number: int) -> Series:
    """Return the series that a study wrote."""
    file = place / "study.json" if place.is_dir() else place
    found = json.loads(file.read_text("ascii"))
    points = {
        task: [_point(int(bugs), cell["solved"]) for bugs, cell in cells.items()]
        for task, cells in found["success"].items()
    }
    colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
    return Series(name, colour, mark, points, found["samples"])


def _point(bugs: int, solved: Mapping[str, float]) -> Point:
    return Point(bugs, *(100 * solved[key] for key in ("share", "low", "high")))


def paper() -> list[Series]:
    """Return the paper's series."""
    return [
        Series(
            name,
            GREYS[number % len(GREYS)],
            MARKS[number % len(MARKS)],
            {t: [Point(k + 1, v, v, v) for k, v in enumerate(row)] for t, row in rows.items()},
        )
        for number, (name, rows) in enumerate(PAPER.items())
    ]


def x_of(task: str, bugs: float) -> float:
    """Return the pixel of a number of bugs."""
    before = LEFT
    for name, most in TASKS.items():
        if name == task:
            return before + STEP * (bugs - 0.5)
        before += STEP * most + GAP
    raise ValueError(task)


def y_of(percent: float) -> float:
    """Return the pixel of a success in per cent; 0 is the bottom of the axis."""
    power = max(LOW, log10(percent)) if percent > 0 else LOW
    return BOTTOM - (power - LOW) / (HIGH - LOW) * (BOTTOM - TOP)


def draw(series: Sequence[Series]) -> str:
    """Return the figure as SVG."""
    rows = (len(series) + 2) // 3
    height = BOTTOM + 62 + 22 * rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        "<title>Success of one mutation by number of bugs</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(LEFT - 48, 24, "Programs repaired by one mutation, %", "start", "15"),
    ]
    for task in TASKS:
        parts += _axes(task)
        for number, one in enumerate(series):
            parts += _line(one, task, (number - (len(series) - 1) / 2) * DODGE)
    for number, one in enumerate(series):
        parts += _legend(one, LEFT + 270 * (number % 3), BOTTOM + 66 + 22 * (number // 3))
    return "\n".join([*parts, "</svg>", ""])


def text(x: float, y: float, words: str, anchor: str = "middle", size: str = "13") -> str:
    """Return a piece of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
        f"{escape(words)}</text>"
    )


def _axes(task: str) -> Iterator[str]:
    left, right = x_of(task, 0.5), x_of(task, TASKS[task] + 0.5)
    yield text((left + right) / 2, TOP - 10, TITLES[task])
    for power in range(int(LOW), int(HIGH) + 1):
        y = y_of(10.0**power)
        shade = "#999" if power == LOW else "#e2e2e2"
        yield f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{shade}"/>'
        label = "0" if power == LOW else f"{10.0**power:g}"
        yield text(left - 8, y + 4, label, "end")
    for bugs in range(1, TASKS[task] + 1):
        yield text(x_of(task, bugs), BOTTOM + 20, str(bugs))
    yield text((left + right) / 2, BOTTOM + 40, "bugs")


def _line(series: Series, task: str, shift: float) -> Iterator[str]:
    points = series.points.get(task, ())
    places = [(x_of(task, point.bugs) + shift, y_of(point.share)) for point in points]
    if len(places) > 1:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dash = ' stroke-dasharray="5 4"' if series.dashed else ""
        yield f'<path d="{path}" fill="none" stroke="{series.colour}" stroke-width="1.6"{dash}/>'
    for point, (x, y) in zip(points, places, strict=True):
        if point.low < point.high:
            low, high = y_of(point.low), y_of(point.high)
            whisker = f"M{x:.1f} {low:.1f}V{high:.1f}M{x - 3:.1f} {high:.1f}h6"
            yield f'<path d="{whisker}" fill="none" stroke="{series.colour}"/>'
        yield _marker(series, x, y, filled=point.share > 0)


def _marker(series: Series, x: float, y: float, *, filled: bool = True) -> str:
    style = f'fill="{series.colour if filled else "#fff"}" stroke="{series.colour}"'
    if series.mark == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {style}/>'
    shapes = {
        "square": "m-4 -4h8v8h-8z",
        "diamond": "m0 -5l5 5l-5 5l-5 -5z",
        "triangle": "m0 -5l5 9h-10z",
    }
    return f'<path d="M{x:.1f} {y:.1f}{shapes[series.mark]}" {style}/>'


def _legend(series: Series, x: float, y: float) -> Iterator[str]:
    dash = ' stroke-dasharray="5 4"' if series.dashed else ""
    yield f'<path d="M{x} {y - 4}h26" stroke="{series.colour}" stroke-width="1.6"{dash}/>'
    yield _marker(series, x + 13, y - 4)
    count = "" if series.samples is None else f" (n = {series.samples:,})"
    yield text(x + 34, y, series.name + count, "start")


def table(series: Sequence[Series]) -> str:
    """Return success in per cent with the interval of 95 % as a Markdown table."""
    heads = [
        f"{TITLES[task]} {bugs}" for task, most in TASKS.items() for bugs in range(1, most + 1)
    ]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for one in series:
        cells = []
        for task, most in TASKS.items():
            by_bugs = {point.bugs: point for point in one.points.get(task, ())}
            cells += [_cell(by_bugs.get(bugs)) for bugs in range(1, most + 1)]
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(point: Point | None) -> str:
    if point is None:
        return "–"
    if point.low == point.high:
        return f"~{point.share:g}" if point.share else "0"
    return f"{point.share:.3g} ({point.low:.2g}–{point.high:.2g})"


def main() -> None:
    """Print the table and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("series", nargs="+", metavar="NAME=DIR")
    parser.add_argument("--svg", type=Path, help="file of the figure")
    options = parser.parse_args()
    pairs = [item.rpartition("=") for item in options.series]
    series = [read(name, Path(place), k) for k, (name, _, place) in enumerate(pairs)]
    print(table([*series, *paper()]))
    if options.svg is not None:
        options.svg.write_text(draw([*series, *paper()]), "utf-8")


if __name__ == "__main__":
    main()
