"""docs/physics.md says what the code does and what benchmarks/physics.py measured."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ulmus.problems.sodarace.physics.constants import (
    DEFAULT_LAWS,
    JOINT_RADIUS,
    RUN_S,
    SETTLE_S,
)
from ulmus.problems.sodarace.terrain import terrain_names
from ulmus.problems.sodarace.walker import STROKE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "physics.md").read_text("utf-8")
FIGURES = ROOT / "benchmarks" / "results" / "amd-epyc-2-cores" / "physics.csv"


def table_row(name: str) -> str:
    """Return what the table of constants says about one of them."""
    (row,) = re.findall(rf"^\| {name} \| (.*) \|$", PAGE, re.MULTILINE)
    return str(row)


def test_constants_are_those_of_the_code() -> None:
    laws = DEFAULT_LAWS
    assert table_row("substep").startswith(f"1/{laws.substeps_hz} s |")
    assert table_row("gravity").startswith(f"{laws.gravity:g} u/s² |")
    assert table_row("drag").startswith(f"{laws.drag:g} /s |")
    periods = f"{laws.wave_period_s:g} s, {laws.ramp_s:g} s |"
    assert table_row("muscle period, ramp").startswith(periods)
    assert table_row("stroke").startswith(f"at most {STROKE:g} of")
    for spring, name in ((laws.muscle, "muscle spring"), (laws.bone, "bone spring")):
        shown = f"{spring.frequency_hz:g} Hz, {spring.damping_ratio:g} |"
        assert table_row(name).startswith(shown)
    assert table_row("joint radius").startswith(f"{JOINT_RADIUS:g} u |")
    assert table_row("friction").startswith(f"{laws.friction:g}, ")
    assert table_row("top speed").startswith(f"{laws.top_speed:g} u/s |")
    assert table_row("settling").startswith(f"{SETTLE_S:g} s |")
    assert f"after {RUN_S:g} s\nthe walker is measured" in PAGE


def test_every_terrain_is_on_the_page() -> None:
    assert all(f"`{name}`" in PAGE for name in terrain_names())


def figures() -> dict[str, float]:
    """Return what the benchmark measured."""
    rows = csv.DictReader(FIGURES.read_text("utf-8").splitlines())
    return {row["what"]: float(row["value"]) for row in rows}


def off(world: str, factor: str = "1.25") -> str:
    """Return how many of the best tenth come another way at half the step, in percent."""
    share = figures()[f"half the step, {world}: top tenth off by more than {factor} x"]
    return f"{100 * share + 1e-9:.0f} %"  # a half is rounded up


def test_what_the_step_does_is_what_the_benchmark_measured() -> None:
    errors = [figures()[f"error of the distance at {hz} Hz, median, u"] for hz in (480, 240, 960)]
    assert re.findall(r"(0\.\d\d) u", table_row("substep")) == [f"{e:.2f}" for e in errors]
    here = off("these laws")
    assert f"{off('gravity 10')} of the best tenth" in table_row("gravity")
    assert table_row("gravity").endswith(f"here {here}")
    for name, world in (
        ("drag", "no drag"),
        ("muscle period, ramp", "no ramp"),
        ("muscle spring", "muscles of 6 Hz"),
        ("muscle spring", "muscles of damping ratio 0.3"),
    ):
        assert here in table_row(name)
        assert off(world) in table_row(name)
    assert f"and {off('these laws', '2')} by more than a factor of two" in PAGE


def test_other_figures_are_those_that_the_benchmark_measured() -> None:
    found = figures()
    nine, most = (found[f"still bodies: {n}th percentile of the distance, u"] for n in (90, 99))
    assert re.findall(r"(\d\.\d+) u", table_row("settling")) == [f"{nine:.2f}", f"{most:.1f}"]
    assert found["share of walkers that touch the top speed"] == 0.0
    percent = {what: f"{100 * value:.1f} %" for what, value in found.items()}
    toppled = percent["still bodies: share that comes more than 1 u far"]
    cut = percent["bumpy: share of points of connections in the ground"]
    deep = percent["bumpy: share deeper than 0.5 u"]
    median = percent["length of bones: median relative error"]
    extreme = percent["length of bones: 99th percentile of it"]
    assert f"{toppled} of random ones move by more than 1 u" in PAGE
    assert f"({cut} of their points above the bumps of `bumpy`, {deep} deeper than 0.5 u)" in PAGE
    assert f"errs by {median} (median; {extreme} at the 99th percentile)" in PAGE


def test_the_python_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(source, "docs/physics.md", "exec"), {})
    said = re.findall(r"# (\S+|\(.*?\))(?::.*)?$", source, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
