"""`ulmus report` and `ulmus gif`: pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of the run, or of a pipeline.")
    ],
    out: Annotated[Path | None, typer.Option(help="File; RUN/report.html if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Write one HTML page about a run that opens offline."""
    from ulmus.viewer.pipeline_pages import PIPELINE

    if (folder / PIPELINE).exists():
        _tell(pipeline_report(folder, out), json)
        return
    from ulmus.experiment import returned_values
    from ulmus.runs.log import RunLog
    from ulmus.viewer.report import write_report
    from ulmus.viewer.scenes import view_of

    with RunLog.open_read_only(folder) as log:
        view = view_of(log.manifest)
        file = write_report(log, view, returned_values(log), out or folder / "report.html")
    _tell(file, json)


def gif(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    out: Annotated[Path | None, typer.Option(help="File; RUN/descent.gif if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Draw the descent of the champion, from the seed on, as a GIF."""
    from ulmus.experiment import returned_values
    from ulmus.runs.log import RunLog
    from ulmus.viewer.gif import write_film_gif
    from ulmus.viewer.scenes import view_of

    with RunLog.open_read_only(folder) as log:
        view = view_of(log.manifest)
        file = write_film_gif(log, view, returned_values(log), out or folder / "descent.gif")
    _tell(file, json)


def pipeline_report(folder: Path, out: Path | None) -> Path:
    """Write the report of a pipeline, done or not, and return its file."""
    from ulmus.experiment import returned_values
    from ulmus.runs.file import FILE_NAME
    from ulmus.runs.log import RunLog
    from ulmus.viewer.report import write_pipeline_report
    from ulmus.viewer.scenes import no_bodies

    file = out or folder / "report.html"
    run = next((found.parent for found in sorted(folder.glob(f"1-runs/*/{FILE_NAME}"))), None)
    if run is None:
        return write_pipeline_report(folder, no_bodies, file)
    with RunLog.open_read_only(run) as log:
        return write_pipeline_report(folder, returned_values(log), file)


def _tell(file: Path, json: bool) -> None:
    if json:
        emit({"file": str(file), "bytes": file.stat().st_size})
    else:
        print(f"{file} ({file.stat().st_size / 1e6:.1f} MB)")
