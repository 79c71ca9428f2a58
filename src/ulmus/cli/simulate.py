"""`ulmus simulate`: let one walker walk."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ulmus.cli.exec import read_source
from ulmus.cli.output import emit
from ulmus.errors import ProgramFileError
from ulmus.records import Json, Outcome, Program, Status

if TYPE_CHECKING:
    from ulmus.problems.sodarace.judging import Judgement


def simulate(
    file: Annotated[Path, typer.Argument(help="A program (.py) or a walker (.json).")],
    terrain: Annotated[str, typer.Option(help="flat, left_wall, bumpy, tunnel, ...")] = "flat",
    seconds: Annotated[float, typer.Option(help="Simulated seconds, at most 3600.")] = 10.0,
    sandbox: Annotated[str, typer.Option(help="Tier that runs the program.")] = "wasm",
    gif: Annotated[Path | None, typer.Option(help="Draw the walk into this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Simulate one walker and print how far it came; exit status 0 only if it is valid."""
    from ulmus.problems.sodarace.judging import judge_outcome
    from ulmus.problems.sodarace.problem import Sodarace

    problem = Sodarace(terrain=terrain, seconds=seconds)
    text = read_source(file)
    if file.suffix.lower() == ".json":
        outcome = Outcome(Status.OK, _parsed(file, text))
    else:
        from ulmus.catalogue import make_sandbox

        (outcome,) = make_sandbox(sandbox).run([problem.job(Program(text))])
    judgement = judge_outcome(outcome, terrain, seconds)
    if json:
        emit(dataclasses.asdict(judgement))
    else:
        _print(judgement, outcome.error)
    if judgement.status != Status.OK.value:
        raise typer.Exit(1)
    if gif is not None:
        from ulmus.viewer.gif import write_walker_gif

        write_walker_gif(outcome.value, terrain, seconds, gif)


def _parsed(file: Path, text: str) -> Json:
    import json

    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProgramFileError(f"{file} is not valid JSON: {error}") from None
    return value


def _print(judgement: Judgement, error: str | None) -> None:
    from ulmus.viewer.plain_text import visible

    if judgement.status != Status.OK.value:
        print(f"status {judgement.status}: {visible(error or judgement.reason or 'no reason')}")
        return
    print(
        f"distance {judgement.distance:.3f} u, displacement {judgement.displacement:+.3f} u, "
        f"sustained {judgement.sustained:.3f} u, clamps {judgement.clamps}"
    )
    print(
        f"height {judgement.height:.3f} u, width {judgement.width:.3f} u, mass {judgement.mass:.3f}"
    )
