"""`ulmus simulate`: let one walker walk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    file: Annotated[Path, typer.Argument(help="A program (.py) or a walker (.json).")],
    terrain: Annotated[str, typer.Option(help="flat, left_wall, bumpy, tunnel, ...")] = "flat",
    seconds: Annotated[float, typer.Option(min=0.1, max=3600.0, help="Simulated seconds.")] = 10.0,
    gif: Annotated[Path | None, typer.Option(help="Draw the walk into this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Simulate one walker and print how far it came."""
