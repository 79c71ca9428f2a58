"""`ulmus exec`: run one program in the sandbox and print its outcome."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit
from ulmus.errors import ProgramFileError
from ulmus.records import Job, Limits, Outcome, Program, Status

MAX_FILE_BYTES = 8 * 1024 * 1024


def exec_program(
    file: Annotated[Path, typer.Argument(help="A Python program.")],
    entry: Annotated[
        str | None,
        typer.Option(help="Function to call; make_walker, or the nearest to it, if not given."),
    ] = None,
    sandbox: Annotated[str, typer.Option(help="Tier that runs the program.")] = "wasm",
    fuel: Annotated[
        int,
        typer.Option(
            min=1, max=10**15, help="Limit in WebAssembly instructions, about 1.3e10 a second."
        ),
    ] = Limits().fuel,
    memory_mb: Annotated[int, typer.Option(min=1, help="Limit of memory in MiB.")] = 256,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Run one program in the sandbox; exit status 0 only if its status is ok."""
    from ulmus.catalogue import make_problem, make_sandbox

    tier = make_sandbox(sandbox)
    limits = dataclasses.replace(Limits(), fuel=fuel, memory_bytes=memory_mb << 20)
    job = make_problem("sodarace", {}).job(Program(read_source(file)))
    job = dataclasses.replace(job, limits=limits, entry=entry or job.entry)
    outcome = run_one(tier, job)
    if json:
        emit(dataclasses.asdict(outcome))
    else:
        _print(outcome)
    if outcome.status is not Status.OK:
        raise typer.Exit(1)


def read_source(file: Path) -> str:
    """Return the text of a program file.

    Raises:
        ProgramFileError: Missing, unreadable, too large, or not UTF-8.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ProgramFileError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProgramFileError(f"{file} is not UTF-8 text: {error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ProgramFileError(f"{file} is larger than {MAX_FILE_BYTES >> 20} MiB")
    return text.replace("\r\n", "\n")


def run_one(tier: object, job: Job) -> Outcome:
    """Run one job on a tier."""
    from ulmus.sandbox.base import Sandbox

    assert isinstance(tier, Sandbox)
    (outcome,) = tier.run([job])
    return outcome


def _print(outcome: Outcome) -> None:
    import json

    from ulmus.viewer.plain_text import visible

    if outcome.stdout:
        print(visible(outcome.stdout), end="" if outcome.stdout.endswith("\n") else "\n")
    called = f" from {outcome.entry}()" if outcome.entry else ""
    print(f"status {outcome.status.value}{called}, fuel {outcome.fuel:,}")
    if outcome.error:
        print(visible(outcome.error))
    if outcome.status is Status.OK:
        print(json.dumps(outcome.value))
