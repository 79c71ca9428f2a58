"""`ulmus elites`: the champions of a run, one JSON object per line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit


def elites(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, sorted by cell.")
    ] = False,
) -> None:
    """List the best program of each cell."""
    from ulmus.runs.log import RunLog
    from ulmus.runs.views import elites as champions
    from ulmus.runs.views import measures_of

    with RunLog.open_read_only(folder) as log:
        if not json:
            names = "  ".join(f"{measure.name:>8}" for measure in measures_of(log.manifest))
            print(f"{'cell':>6}  {'fitness':>10}  {names}  program")
        for elite in champions(log):
            if json:
                emit(
                    {
                        "cell": elite.cell,
                        "fitness": elite.step.fitness,
                        "measures": list(elite.step.measures),
                        "program": elite.step.program,
                        "source": elite.source,
                    }
                )
            else:
                measures = "  ".join(f"{value:8.2f}" for value in elite.step.measures)
                print(
                    f"{elite.cell:6d}  {elite.step.fitness:10.3f}  {measures}  {elite.step.program}"
                )
