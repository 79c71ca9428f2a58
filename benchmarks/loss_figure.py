"""The losses of inventors of several sizes, from what `ulmus train inventor --json` printed.

    python benchmarks/loss_figure.py 0.1m=FILE 3m=FILE ... --svg docs/images/inventor-loss.svg

Each file ends with the JSON object of one training. The table is printed as Markdown; the figure
has the test loss over the tokens that were learned from. Losses are in bits per byte of program,
since each tokenizer has tokens of its own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from pathlib import Path
from typing import Any

from study_figure import COLOURS, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 560, 46, 360


@dataclass(frozen=True)
class Curve:
    """One training: what `--json` printed, and (tokens, bits per byte) at its readings."""

    name: str
    told: dict[str, Any]
    points: tuple[tuple[int, float], ...]


def read(name: str, file: Path) -> Curve:
    """Return the training that a file ends with."""
    told = json.loads(file.read_text("utf-8").strip().splitlines()[-1])
    judged = [reading for reading in told["readings"] if reading["test_loss"] is not None]
    if not judged:
        raise SystemExit(
            f"{file} has no test loss; train with --readings, on data with a test split"
        )
    bits = told["bits_per_byte"] / told["test_loss"]
    return Curve(name, told, tuple((r["num_tokens"], bits * r["test_loss"]) for r in judged))


def table(curves: Sequence[Curve]) -> str:
    """Return the trainings as a Markdown table."""
    lines = [
        "| | minutes | million tokens | passes | nats per token: loss | test loss "
        "| bits per byte, end | lowest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for curve in curves:
        told = curve.told
        lowest = min(loss for _, loss in curve.points)
        lines.append(
            f"| {curve.name} | {told['seconds'] / 60:.0f} | {told['tokens'] / 1e6:.2f} "
            f"| {told['epochs']:.1f} | {told['loss']:.3f} | {told['test_loss']:.3f} "
            f"| {told['bits_per_byte']:.3f} | {lowest:.3f} |"
        )
    return "\n".join(lines)


def draw(curves: Sequence[Curve]) -> str:
    """Return the figure as SVG; both axes are logarithmic."""
    tokens = [tokens for curve in curves for tokens, _ in curve.points]
    losses = [loss for curve in curves for _, loss in curve.points]
    across, along = _axis(tokens, LEFT, RIGHT), _axis(losses, BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        "<title>Test loss of inventors by size</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(LEFT - 48, 24, "Test loss, bits per byte", "start", "15"),
        text((LEFT + RIGHT) / 2, BOTTOM + 44, "tokens learned from"),
    ]
    parts.append(f'<path d="M{LEFT} {BOTTOM}H{RIGHT}" stroke="#999"/>')
    for value in _ticks(losses):
        y = along(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#e2e2e2"/>')
        parts.append(text(LEFT - 8, y + 4, f"{value:g}", "end"))
    for value in _ticks(tokens):
        mark = f"M{across(value):.1f} {BOTTOM}v5"
        parts.append(f'<path d="{mark}" stroke="#999"/>')
        name = f"{value / 1e6:g} M" if value >= 1e5 else f"{value / 1e3:g} k"
        parts.append(text(across(value), BOTTOM + 20, name))
    ends = _spread([along(curve.points[-1][1]) for curve in curves])
    for number, (curve, end) in enumerate(zip(curves, ends, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across(x), along(y)) for x, y in curve.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        label = text(RIGHT + 12, end + 4, curve.name, "start")
        parts.append(label.replace("<text ", f'<text fill="{colour}" '))
    return "\n".join([*parts, "</svg>", ""])


def _axis(values: Sequence[float], start: float, stop: float) -> Callable[[float], float]:
    """Return a function from values to pixels, with a little room at both ends."""
    low, high = log10(min(values)) - 0.04, log10(max(values)) + 0.04
    return lambda value: start + (log10(value) - low) / (high - low) * (stop - start)


_STEPS: tuple[tuple[float, ...], ...] = (
    (1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7),
    tuple(k / 5 for k in range(5, 50)), tuple(k / 10 for k in range(10, 100)),
)  # fmt: skip
"""Round numbers within a power of ten, few and many."""


def _ticks(values: Sequence[float]) -> list[float]:
    """Return round numbers between the smallest and the largest value, a handful if there are."""
    low, high = min(values), max(values)
    found: list[float] = []
    for steps in _STEPS:
        ticks = [float(f"{step}e{power}") for power in range(-6, 13) for step in steps]
        found = [value for value in ticks if low <= value <= high]
        if len(found) >= 4:
            break
    return found


def _spread(places: Sequence[float]) -> list[float]:
    """Move labels apart that would cover each other."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, index in pairwise(order):
        moved[index] = max(moved[index], moved[before] + 16)
    return moved


def main() -> None:
    """Print the table and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trainings", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--svg", type=Path, help="file of the figure")
    given = parser.parse_args()
    pairs = [item.rpartition("=") for item in given.trainings]
    curves = [read(name, Path(file)) for name, _, file in pairs]
    print(table(curves))
    if given.svg is not None:
        given.svg.write_text(draw(curves), "utf-8")


if __name__ == "__main__":
    main()
