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
