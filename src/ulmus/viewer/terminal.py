"""Pictures for the terminal: the heat map of a run and what is shown while it goes on.

Colours fall back as the terminal allows: true colour, 256 colours, and with fewer or none to
characters of growing darkness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ulmus.grid import bins_of, num_cells
from ulmus.records import Measure, Placement, Usage
from ulmus.runs.views import Tally
from ulmus.viewer.colours import heat
from ulmus.viewer.plain_text import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.measure import Measurement
    from rich.text import Text

SHADES = ".:-=+*#%@"
"""What stands for a fitness where there is no colour, from low to high."""

EMPTY = "#3a3f3b"
LABEL_WIDTH = 7
MOST_ROWS = 14


class Elite(Protocol):
    """The champion of a cell."""

    @property
    def fitness(self) -> float:
        """Larger is better."""
        ...


class Map(Protocol):
    """The map as a search holds it."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[int, Any]]: ...

    @property
    def qd_score(self) -> float:
        """Sum of the champions' fitness."""
        ...


class Progress(Protocol):
    """Where a run stands; `ulmus.search.loop.Progress` is one."""

    @property
    def archive(self) -> Map:
        """The map."""
        ...

    @property
    def evaluations(self) -> int:
        """Steps so far."""
        ...

    @property
    def evaluations_per_s(self) -> float:
        """Pace since the start or resume."""
        ...

    @property
    def elapsed_s(self) -> float:
        """Time of the search."""
        ...

    @property
    def valid_share(self) -> float:
        """Share of all steps that got a fitness."""
        ...

    @property
    def usage(self) -> Usage:
        """What was asked of models on servers."""
        ...

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What became of the proposals, by operator."""
        ...


def heat_map(cells: Mapping[int, float], measures: Sequence[Measure], width: int) -> HeatMap:
    """Return a heat map of the first two axes, the best over all others.

    Args:
        cells: Fitness by number of the cell.
        measures: The axes of the map.
        width: Columns of the terminal that may be used.
    """
    rows = measures[0].bins
    columns = measures[1].bins if len(measures) > 1 else 1
    shrink_rows = -(-rows // MOST_ROWS)
    shrink_columns = -(-columns * 2 // max(2, width - LABEL_WIDTH))
    best: dict[tuple[int, int], float] = {}
    for cell, fitness in cells.items():
        row, column, *_ = (*bins_of(measures, cell), 0)
        place = row // shrink_rows, column // shrink_columns
        best[place] = max(fitness, best.get(place, fitness))
    return HeatMap(
        best, tuple(measures[:2]), -(-rows // shrink_rows), -(-columns // shrink_columns)
    )


@dataclass(frozen=True)
class HeatMap:
    """A grid of two characters per square; a rich renderable.

    Attributes:
        best: Fitness by (row, column), row 0 at the bottom.
        axes: Vertical and, if there is one, horizontal axis.
        rows: Number of rows.
        columns: Number of columns.
    """

    best: Mapping[tuple[int, int], float]
    axes: tuple[Measure, ...]
    rows: int
    columns: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Text]:
        from rich.text import Text

        coloured = _has_colours(console)
        for row in reversed(range(self.rows)):
            line = Text().append(self._label(row), style="dim")
            for column in range(self.columns):
                line.append_text(self._square(row, column, coloured))
            yield line
        yield Text(self._foot(), style="dim")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        width = LABEL_WIDTH + 2 * self.columns
        return Measurement(width, width)

    @property
    def low(self) -> float:
        """The lower end of the scale: 0, or the lowest fitness if that is negative."""
        return min(0.0, *self.best.values()) if self.best else 0.0

    @property
    def high(self) -> float:
        """The upper end of the scale."""
        return max(self.best.values(), default=0.0)

    def _square(self, row: int, column: int, coloured: bool) -> Text:
        from rich.text import Text

        fitness = self.best.get((row, column))
        if fitness is None:
            return Text(" ·" if coloured else "  ", style=EMPTY)
        span = self.high - self.low
        share = (fitness - self.low) / span if span else 1.0
        if not coloured:
            return Text(2 * SHADES[min(len(SHADES) - 1, int(share * len(SHADES)))])
        return Text("  ", style=_background(share))

    def _label(self, row: int) -> str:
        axis = self.axes[0]
        name = {self.rows - 1: f"{axis.high:g}", 0: f"{axis.low:g}"}.get(row, "")
        if row == self.rows // 2:
            name = axis.name[: LABEL_WIDTH - 1]
        return f"{name:>{LABEL_WIDTH - 1}} "

    def _foot(self) -> str:
        if len(self.axes) < 2:
            return ""
        axis, width = self.axes[1], 2 * self.columns
        low, high = f"{axis.low:g}", f"{axis.high:g}"
        room = max(0, width - len(low) - len(high))
        return f"{'':{LABEL_WIDTH}}{low}{axis.name[:room]:^{room}}{high}"


@dataclass(frozen=True)
class Legend:
    """The colour scale on one line; a rich renderable.

    Attributes:
        low: Fitness at the lower end.
        high: Fitness at the upper end.
        width: Characters of the scale.
    """

    low: float
    high: float
    width: int = 16

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Text]:
        from rich.text import Text

        line = Text().append(f"{self.low:.4g} ", style="dim")
        for k in range(self.width):
            if _has_colours(console):
                line.append(" ", style=_background(k / (self.width - 1)))
            else:
                line.append(SHADES[k * len(SHADES) // self.width])
        line.append(f" {self.high:.4g}", style="dim")
        yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        width = self.width + 2 + len(f"{self.low:.4g}{self.high:.4g}")
        return Measurement(width, width)


def _has_colours(console: Console) -> bool:
    """Tell whether a console has enough colours for a scale; sixteen are not enough."""
    enough = console.color_system in ("256", "truecolor", "windows")
    return enough and not console.no_color  # NO_COLOR in the environment, see no-color.org


def _background(share: float) -> str:
    red, green, blue = heat(share)
    return f"on #{red:02x}{green:02x}{blue:02x}"


def progress_panel(
    progress: Progress, measures: Sequence[Measure], goal: float | None
) -> RenderableType:
    """Return what is shown while a run goes on; fits 80 columns and 24 lines.

    Args:
        progress: Where the run stands.
        measures: The axes of the map.
        goal: Share of the budget that is used, None if there is no end in sight.
    """
    from rich.console import Group
    from rich.table import Table

    picture = heat_map({cell: elite.fitness for cell, elite in progress.archive}, measures, 40)
    grid = Table.grid(padding=(0, 4, 0, 0))
    figures = _figures(progress, measures, picture)
    grid.add_row(picture, Group(figures, "", operators_table(progress.tallies)))
    return Group(grid, _budget(progress.elapsed_s, goal))


def _figures(progress: Progress, measures: Sequence[Measure], picture: HeatMap) -> RenderableType:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(no_wrap=True)
    pace = f"[dim]{progress.evaluations_per_s:,.0f} per second[/]"
    table.add_row("evaluations", f"[bold]{progress.evaluations:,}[/]  {pace}")
    cells, total = len(progress.archive), num_cells(measures)
    table.add_row("cells", f"[bold]{cells:,}[/]  [dim]of {total:,}[/]")
    table.add_row("QD score", f"[bold]{progress.archive.qd_score:,.0f}[/]")
    table.add_row("best", f"[bold]{picture.high:,.1f}[/]")
    table.add_row("valid", f"[bold]{progress.valid_share:.0%}[/]")
    if progress.usage.tokens:
        table.add_row("tokens", f"[bold]{progress.usage.tokens:,}[/]  [dim]of servers[/]")
    table.add_row("fitness", Legend(picture.low, picture.high))
    return table


def operators_table(tallies: Mapping[str, Tally]) -> RenderableType:
    """Return the shares of what became of the proposals, one line per operator."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("operator", max_width=10, no_wrap=True)
    for name in ("made", "valid", "inv.", "dup.", "ref."):
        table.add_column(name, justify="right", no_wrap=True)
    for name, tally in tallies.items():
        shares = (
            tally.valid_share,
            tally.share(Placement.INVALID),
            tally.share(Placement.DUPLICATE),
            tally.share(Placement.REFUSED),
        )
        table.add_row(visible(name), f"{tally.proposals:,}", *(f"{share:.0%}" for share in shares))
    return table


def _budget(elapsed_s: float, goal: float | None) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    minutes, seconds = divmod(int(elapsed_s), 60)
    clock = Text(f"{minutes}:{seconds:02d}", style="dim")
    if goal is None:
        return clock
    row = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(100.0, 100.0 * goal, width=54, complete_style="#4c9a6a")
    row.add_row(f"{'':{LABEL_WIDTH - 1}}", bar, f"{goal:.0%}", clock)
    return row
