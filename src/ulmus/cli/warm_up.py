"""`ulmus warm-up`: compile once what every later run uses."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ulmus.cli.output import say


def warm_up(
    sandbox: Annotated[str, typer.Option(help="Tier to prepare.")] = "wasm",
) -> None:
    """Compile sandbox, simulator and decoder for this machine; later runs start at once."""
    from ulmus.catalogue import make_operator, make_problem, make_sandbox
    from ulmus.experiment import prepare_part

    for label, part in (
        ("sandbox", make_sandbox(sandbox)),
        ("simulator", make_problem("sodarace", {})),
        ("diff model", make_operator("diff")),
    ):
        say(f"preparing the {label} (once per machine) ...")
        start = time.perf_counter()
        prepare_part(part)
        say(f"{label} ready after {time.perf_counter() - start:.1f} s")
