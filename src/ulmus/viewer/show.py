"""`ulmus show`: a run, or one cell of its map with its line of descent, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ulmus.errors import ConfigError
from ulmus.grid import bins_of, num_cells, range_of
from ulmus.records import NO_USAGE, Json, Measure, Usage
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import CurvePoint, Tally, champions, measures_of, source_of
from ulmus.viewer.descent import DescentStep, descent
from ulmus.viewer.pages import distinct, overview, ranked_champions
from ulmus.viewer.plain_text import visible
from ulmus.viewer.scenes import ProblemView
from ulmus.viewer.terminal import HeatMap, Legend, heat_map, operators_table

if TYPE_CHECKING:
    from rich.console import RenderableType

NUM_BEST = 8
NUM_GENERATIONS = 12
"""Generations of a long line of descent that are shown: the newest."""


@dataclass(frozen=True)
class CellPage:
    """All that is known of the champion of a cell.

    Attributes:
        measures: The axes of the map.
        step: How it entered the map.
        source: Its text.
        line: Its descent, the seed first.
    """

    measures: tuple[Measure, ...]
    step: LoggedStep
    source: str
    line: tuple[DescentStep, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the page as plain data."""
        step = self.step
        return {
            "cell": step.cell,
            "fitness": step.fitness,
            "measures": list(step.measures),
            "step": step.number,
            "program": step.program,
            "source": self.source,
            "descent": [
                {
                    "step": ancestor.number,
                    "operator": ancestor.operator,
                    "note": ancestor.note,
                    "fitness": ancestor.fitness,
                    "cell": ancestor.cell,
                    "program": ancestor.program,
                }
                for ancestor in self.line
            ],
        }


@dataclass(frozen=True)
class RunPage:
    """A run at a glance.

    Attributes:
        name: Name of its folder.
        measures: The axes of the map.
        cells: Fitness by cell.
        last: The state of the map at the end.
        elapsed_s: Time of the search.
        valid_share: Share of all steps that got a fitness.
        tallies: What became of the proposals, by operator.
        usage: What was asked of models on servers.
        best: The best champions of regions that lie apart.
    """

    name: str
    measures: tuple[Measure, ...]
    cells: Mapping[int, float]
    last: CurvePoint
    elapsed_s: float
    valid_share: float
    tallies: Mapping[str, Tally]
    usage: Usage
    best: tuple[LoggedStep, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the page as plain data."""
        figures = asdict(self.last)
        figures["valid_share"] = self.valid_share
        best = [
            {"cell": step.cell, "fitness": step.fitness, "measures": list(step.measures)}
            for step in self.best
        ]
        return {"run": self.name, **figures, "elapsed_s": self.elapsed_s, "best": best}


def cell_page(log: RunLog, cell: int) -> CellPage:
    """Return the page of a cell.

    Raises:
        ConfigError: There is no such cell, or it is empty; the nearest one that is not is named.
    """
    measures = measures_of(log.manifest)
    elites = champions(log.steps())
    if cell not in elites:
        raise _no_cell(measures, elites, cell)
    step = elites[cell]
    line = descent(log, step.number)
    return CellPage(measures, step, source_of(log, step.number), tuple(line))


def _no_cell(
    measures: Sequence[Measure], elites: Mapping[int, LoggedStep], cell: int
) -> ConfigError:
    total = num_cells(measures)
    if not 0 <= cell < total:
        return ConfigError(f"there is no cell {cell}; the map has cells 0 to {total - 1}")
    if not elites:
        return ConfigError(f"cell {cell} is empty, as is the whole map")
    here = bins_of(measures, cell)

    def far(other: int) -> int:
        return sum(abs(a - b) for a, b in zip(here, bins_of(measures, other), strict=True))

    return ConfigError(
        f"cell {cell} is empty; the nearest one that is not is {min(elites, key=far)}"
    )


def run_page(log: RunLog) -> RunPage:
    """Return a run at a glance."""
    view, measures = overview(log), measures_of(log.manifest)
    last = view.curve[-1] if view.curve else CurvePoint(0, 0, 0.0, 0.0, 0.0)
    return RunPage(
        name=log.folder.name,
        measures=measures,
        cells={cell: step.fitness or 0.0 for cell, step in view.champions.items()},
        last=last,
        elapsed_s=log.elapsed_s,
        valid_share=view.valid_share,
        tallies=view.tallies,
        usage=log.usage,
        best=tuple(distinct(ranked_champions(view), measures, NUM_BEST)),
    )


def render_cell(page: CellPage, problem: ProblemView) -> RenderableType:
    """Return the page of a cell for `rich.console.Console.print`."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.syntax import Syntax

    source = visible(page.source).strip("\n")
    return Group(
        _cell_head(page, problem),
        "",
        Syntax(source, "python", theme="ansi_dark", background_color="default", word_wrap=True),
        "",
        Rule("descent, newest first", align="left", style="dim"),
        _descent_table(page, problem),
    )


def _cell_head(page: CellPage, problem: ProblemView) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    step = page.step
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_row(Text(f"cell {step.cell}", "bold"), f"step {step.number:,}")
    table.add_row(problem.fitness_name, _amount(step.fitness or 0.0, problem.fitness_unit))
    bins = bins_of(page.measures, step.cell or 0)
    for measure, value, position in zip(page.measures, step.measures, bins, strict=True):
        low, high = range_of(measure, position)
        edge = " and beyond" if position in (0, measure.bins - 1) else ""
        row = f"{_amount(value, measure.unit):12s} [dim]bin {low:g} to {high:g}{edge}[/]"
        table.add_row(measure.name, row)
    return table


def _descent_table(page: CellPage, problem: ProblemView) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("step", problem.fitness_name, "cell", "operator"):
        table.add_column(name, justify="left" if name == "operator" else "right", no_wrap=True)
    table.add_column("note", overflow="fold")
    shown = page.line[-NUM_GENERATIONS:]
    for step in reversed(shown):
        note = Text(visible(step.note))
        operator = Text(visible(step.operator))
        table.add_row(f"{step.number:,}", f"{step.fitness:,.2f}", str(step.cell), operator, note)
    if len(shown) < len(page.line):
        table.add_row("", "", "", "", Text(f"and {len(page.line) - len(shown)} before", "dim"))
    return table


def render_run(page: RunPage, problem: ProblemView) -> RenderableType:
    """Return a run at a glance for `rich.console.Console.print`."""
    from rich.console import Group
    from rich.table import Table

    picture = heat_map(page.cells, page.measures, 40)
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(picture, Group(_run_figures(page, problem, picture), "", _best(page, problem)))
    return Group(grid, "", operators_table(page.tallies), *_servers(page))


def _run_figures(page: RunPage, problem: ProblemView, picture: HeatMap) -> RenderableType:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(no_wrap=True)
    seconds = f"[dim]in {page.elapsed_s:,.0f} s[/]"
    table.add_row("evaluations", f"[bold]{page.last.evaluations:,}[/]  {seconds}")
    total = num_cells(page.measures)
    table.add_row("cells", f"[bold]{page.last.cells:,}[/]  [dim]of {total:,}[/]")
    table.add_row("QD score", f"[bold]{page.last.qd_score:,.0f}[/]")
    table.add_row("best", f"[bold]{_amount(page.last.best_fitness, problem.fitness_unit)}[/]")
    table.add_row("valid", f"[bold]{page.valid_share:.0%}[/]")
    table.add_row(problem.fitness_name, Legend(picture.low, picture.high))
    return table


def _servers(page: RunPage) -> list[RenderableType]:
    return ["", f"servers: {page.usage}"] if page.usage != NO_USAGE else []


def _best(page: RunPage, problem: ProblemView) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("cell", problem.fitness_name, *(measure.name for measure in page.measures)):
        table.add_column(name, justify="right", no_wrap=True)
    for step in page.best:
        figures = (f"{value:.1f}" for value in step.measures)
        table.add_row(str(step.cell), f"{step.fitness:,.1f}", *figures)
    return table


def _amount(value: float, unit: str) -> str:
    return f"{value:,.2f} {unit}".rstrip()
