"""`ulmus verify`: evaluate every elite again and compare bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit, say


def verify(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    workers: Annotated[
        int | None, typer.Option(min=0, help="Worker processes; all cores if not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Evaluate every elite again; exit status 1 if any figure differs."""
    from ulmus import experiment
    from ulmus.runs.log import RunLog

    with RunLog.open_read_only(folder) as log:
        today = experiment.evaluation_identity(experiment.stored_config(log))
        parts = experiment.changed_parts(log, today)
        for name, before, now in [*experiment.changed_versions(log), *parts]:
            say(f"note: {name} was {before} when the run was made, it is {now} now")
        champions, differences = experiment.verify(log, workers=workers)
    for difference in differences:
        say(
            f"cell {difference.cell}, program {difference.program}: the log has "
            f"{difference.logged}, now {difference.again}"
        )
    if json:
        emit({"run": str(folder), "elites": len(champions), "different": len(differences)})
    else:
        same = len(champions) - len(differences)
        print(f"{same} of {len(champions)} elites evaluate to the same bits")
    if differences:
        raise typer.Exit(1)
