"""`ulmus report` and `ulmus gif`: pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    out: Annotated[Path | None, typer.Option(help="File; RUN/report.html if not given.")] = None,
) -> None:
    """Write one HTML page about a run that opens offline."""


def gif(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    out: Annotated[Path | None, typer.Option(help="File; RUN/descent.gif if not given.")] = None,
) -> None:
    """Draw the descent of the champion, from the seed on, as a GIF."""
