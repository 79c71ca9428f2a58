"""`ulmus show`: a run, or one cell of its map, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    cell: Annotated[int | None, typer.Argument(help="Number of a cell.")] = None,
) -> None:
    """Show a run, or the elite of one cell with its line of descent."""
    from rich.console import Console

    from ulmus.runs.log import RunLog
    from ulmus.viewer.scenes import view_of
    from ulmus.viewer.show import cell_page, render_cell, render_run, run_page

    with RunLog.open_read_only(folder) as log:
        view = view_of(log.manifest)
        if cell is None:
            picture = render_run(run_page(log), view)
        else:
            picture = render_cell(cell_page(log, cell), view)
    Console().print(picture)
