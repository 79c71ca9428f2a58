"""Pictures in the terminal fit 80 columns, say the same without colour, and obey no program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from fake_run import CHILD, GRANDCHILD, MEASURES, SEED, make_run
from rich.console import Console

from ulmus.errors import ConfigError
from ulmus.records import NO_USAGE, Measure, Usage
from ulmus.runs.log import RunLog
from ulmus.runs.views import Tally
from ulmus.viewer.colours import heat
from ulmus.viewer.pages import overview
from ulmus.viewer.plain_text import visible
from ulmus.viewer.scenes import view_of
from ulmus.viewer.show import cell_page, render_cell, render_run, run_page
from ulmus.viewer.terminal import heat_map, progress_panel


@dataclass
class FakeElite:
    fitness: float


@dataclass
class FakeMap:
    cells: dict[int, float]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[tuple[int, FakeElite]]:
        return iter((cell, FakeElite(fitness)) for cell, fitness in sorted(self.cells.items()))

    @property
    def qd_score(self) -> float:
        return sum(self.cells.values())


@dataclass
class FakeProgress:
    archive: FakeMap
    evaluations: int = 20_480
    evaluations_per_s: float = 341.4
    elapsed_s: float = 61.0
    valid_share: float = 0.79
    tallies: dict[str, Tally] = field(default_factory=dict)
    usage: Usage = NO_USAGE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    with RunLog.open_read_only(make_run(tmp_path / "run")) as opened:
        yield opened


def printed(renderable: object, *, colour: str | None = None, width: int = 80) -> str:
    out = StringIO()
    terminal = colour is not None
    console = Console(file=out, width=width, force_terminal=terminal, color_system=colour)
    console.print(renderable)
    return out.getvalue()


def test_a_heat_map_shows_the_best_of_each_square() -> None:
    axes = (Measure("a", "", 0, 4, 4), Measure("b", "", 0, 3, 3), Measure("c", "", 0, 2, 2))
    cells = {0: 1.0, 1: 9.0, 23: 4.5}  # (0,0,0), (0,0,1), (3,2,1)
    lines = printed(heat_map(cells, axes, 40)).splitlines()
    assert [line[7:13] for line in lines[:4]] == ["    ++", "      ", "      ", "@@    "]
    assert lines[0].startswith("     4 ")
    assert lines[3].startswith("     0 ")
    assert "b" in lines[4]


def test_a_large_map_is_shrunk_to_the_width() -> None:
    axes = (Measure("a", "", 0, 1, 100), Measure("b", "", 0, 1, 200))
    picture = heat_map({199: 1.0, 0: 0.5}, axes, 47)
    assert picture.columns * 2 + 7 <= 47
    assert picture.rows <= 14
    assert picture.best == {(0, 0): 0.5, (0, picture.columns - 1): 1.0}


def test_a_map_of_one_axis_is_one_column() -> None:
    picture = heat_map({3: -1.0, 4: -2.0}, (Measure("a", "", 0, 1, 5),), 40)
    assert (picture.rows, picture.columns) == (5, 1)
    assert picture.low == -2.0
    assert printed(picture)


def test_colours_fall_back(log: RunLog) -> None:
    picture = heat_map({0: 1.0}, MEASURES, 40)
    red, green, blue = heat(1.0)
    assert f"48;2;{red};{green};{blue}" in printed(picture, colour="truecolor")
    fresh = heat_map({0: 1.0, 12: 0.37}, MEASURES, 40)  # rich remembers the codes of a style
    assert "48;5;" in printed(fresh, colour="256")
    assert "\x1b" not in printed(picture)
    assert "@@" in printed(picture)
    assert "@@" in printed(picture, colour="standard")


def test_somebody_who_wants_no_colours_still_sees_the_fitness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    axes = (Measure("a", "", 0, 4, 4), Measure("b", "", 0, 3, 3))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "@@" in printed(heat_map({0: 1.0, 1: 9.0}, axes, 40), colour="truecolor")


@pytest.mark.parametrize("goal", [None, 0.0, 0.42, 1.0])
def test_the_progress_fits_an_ordinary_terminal(log: RunLog, goal: float | None) -> None:
    tallies = overview(log).tallies
    cells = {k: 1000.0 * k for k in range(0, 1728, 2)}
    many = FakeProgress(FakeMap(cells), evaluations=1_024_000, tallies=tallies)
    many.usage = Usage(80_000, prompt_tokens=123_456_789)
    for colour in (None, "truecolor"):
        lines = printed(progress_panel(many, MEASURES, goal), colour=colour).splitlines()
        assert len(lines) <= 24
    plain = printed(progress_panel(many, MEASURES, goal))
    assert max(map(len, plain.splitlines())) <= 80
    for word in (
        "1,024,000",
        "864",
        "of 1,728",
        "79%",
        "syntax",
        "crossover",
        "1:01",
        "123,456,789",
        "…",
    ):
        assert (word in plain) is (word != "…")


def test_progress_of_an_empty_map_can_be_shown() -> None:
    assert "0" in printed(progress_panel(FakeProgress(FakeMap({})), MEASURES, None))


def test_a_cell_shows_its_program_and_its_descent(log: RunLog) -> None:
    page = cell_page(log, 2 * 144 + 2 * 12)
    assert page.source == GRANDCHILD.source
    values = page.as_json()
    assert [step["program"] for step in values["descent"]] == [
        SEED.hash,
        CHILD.hash,
        GRANDCHILD.hash,
    ]
    text = printed(render_cell(page, view_of(log.manifest)))
    assert "41.75 u" in text
    assert "moved a joint" in text
    assert "crossover" in text


def test_a_program_cannot_reach_the_terminal() -> None:
    sly = "a\x1b[31mred\x07\r\x9b2J\u202e\u2028\ud800 tab\t line\n ü 🐌"
    assert visible(sly) == "a\\x1b[31mred\\x07\\r\\x9b2J\\u202e\\u2028\\ud800 tab\t line\n ü 🐌"
    assert visible("plain") == "plain"


def test_an_empty_cell_names_the_nearest(log: RunLog) -> None:
    with pytest.raises(ConfigError, match="cell 0 is empty; the nearest one that is not is 312"):
        cell_page(log, 0)
    with pytest.raises(ConfigError, match="cells 0 to 1727"):
        cell_page(log, 1728)
    with pytest.raises(ConfigError, match="cells 0 to 1727"):
        cell_page(log, -1)


def test_a_run_at_a_glance(log: RunLog) -> None:
    page = run_page(log)
    assert page.as_json()["cells"] == 3
    assert page.as_json()["valid_share"] == 5 / 8
    text = printed(render_run(page, view_of(log.manifest)))
    for word in ("distance", "312", "41.8", "crossover", "evaluations", "of 1,728"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80
