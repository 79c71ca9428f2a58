"""`ulmus study`: measure an operator outside a search."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from ulmus.cli.output import emit, say
from ulmus.errors import ConfigError
from ulmus.records import Json

if TYPE_CHECKING:
    from ulmus.study.drawn import Drawn
    from ulmus.study.repair import Cell

study = typer.Typer(
    help="Measure an operator outside a search: one mutation, then a verdict.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OPERATOR = Annotated[
    str, typer.Option(help="Operator with one parent: node, syntax, rewrite, diff, ...")
]
MODEL = Annotated[
    str | None,
    typer.Option(help="Model of diff or rewrite: a folder, a name, or FILE.py:CLASS of your own."),
]
SAMPLES = Annotated[int, typer.Option("-n", "--samples", min=1, help="Number of children.")]
SEED = Annotated[int, typer.Option(help="Seed of all random choices.")]
RATE = Annotated[float | None, typer.Option(help="Rate of node mutation, in (0, 1].")]
JSON = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
OUT = Annotated[Path | None, typer.Option(help="New folder for the figures and all children.")]
RESUME = Annotated[
    bool, typer.Option("--resume", help="Go on in --out; what was drawn is not drawn again.")
]


@study.command("repair")
def repair(
    operator: OPERATOR,
    model: MODEL = None,
    samples: SAMPLES = 1000,
    tasks: Annotated[str, typer.Option(help="Tasks.")] = "parity,quadratic",
    bugs: Annotated[
        str | None, typer.Option(help="Numbers of bugs, such as 1,2,3; all if not given.")
    ] = None,
    seed: SEED = 0,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Worker processes; all cores if not given.")
    ] = None,
    rate: RATE = None,
    sandbox: Annotated[str, typer.Option(help="Tier that runs the children.")] = "wasm",
    json: JSON = False,
    out: OUT = None,
    resume: RESUME = False,
) -> None:
    """Mutate programs with known bugs once and count those that pass their unit tests."""
    from ulmus.study import repair as root
    from ulmus.study.subjects import subject
    from ulmus.workers import available_cores

    problems = root.plan(_words(tasks), None if bugs is None else _numbers(bugs))
    chosen = subject(operator, model)
    with _folder(out, resume) as drawn:
        cells = root.study(
            chosen,
            problems,
            samples,
            seed=seed,
            rate=rate,
            workers=available_cores() if workers is None else workers,
            sandbox=sandbox,
            observe=_tell_cell,
            count=_Counter(samples * len(problems)),
            drawn=drawn,
        )
        result = root.summary(chosen, cells, samples, seed)
        _write(out, result, root.children(cells))
    if json:
        emit(result)
    else:
        _print_cells(cells)


@study.command("commits")
def commits(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Mined edits.")],
    operator: OPERATOR,
    model: MODEL = None,
    samples: SAMPLES = 1000,
    seed: SEED = 0,
    rate: RATE = None,
    json: JSON = False,
    out: OUT = None,
    resume: RESUME = False,
) -> None:
    """Ask for the fixes of held-out commits and count those that are what was committed."""
    from ulmus.study import commits as root
    from ulmus.study.subjects import subject, with_rate

    chosen = with_rate(subject(operator, model), rate)
    with _folder(out, resume) as drawn:
        count = _Counter(samples)
        attempts = root.study(chosen, data, samples, seed=seed, count=count, drawn=drawn)
        result = root.summary(chosen, data, attempts, seed)
        _write(out, result, root.children(attempts))
    if json:
        emit(result)
    else:
        print(f"{result['samples']:,} children of {result['commits']:,} commits")
        for name, share in root.shares(attempts).items():
            print(f"{name:8}  {share.as_text()}")


class _Counter:
    """Tells how far the sampling is, at most every ten seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._told_s = monotonic()

    def __call__(self, size: int) -> None:
        self._done += size
        if monotonic() - self._told_s >= 10.0:
            self._told_s = monotonic()
            say(f"{self._done:,} of {self._total:,} samples drawn")


def _tell_cell(cell: Cell) -> None:
    say(f"{cell.task}, bugs {cell.bugs}: {cell.solved.count:,} of {cell.solved.total:,} solved")


def _print_cells(cells: Iterable[Cell]) -> None:
    print(f"{'task':10} {'bugs':>4}  {'solved (95 % interval)':28} {'valid':>9} {'distinct':>9}")
    for cell in cells:
        distinct = len({child.hash for child in cell.children})
        print(
            f"{cell.task:10} {cell.bugs:4}  {cell.solved.as_text():28} "
            f"{100 * cell.valid.value:7.1f} % {distinct:9,}"
        )


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in _words(text)]
    except ValueError:
        raise ConfigError(f"--bugs: expected numbers such as 1,2,3, got {text!r}") from None


@contextmanager
def _folder(out: Path | None, resume: bool) -> Iterator[Drawn]:
    """Make the folder before the work, so that it is not found out afterwards that it cannot be."""
    from ulmus.study.drawn import NAME, Drawn

    if out is None:
        if resume:
            raise ConfigError("--resume goes on in the folder of --out, which is missing")
        with _costs():
            yield Drawn()
        return
    if out.exists() and not resume:
        raise ConfigError(
            f"--out: {out} exists already; give the name of a new folder, or --resume to go on"
        )
    if resume and not (out / NAME).is_file():
        raise ConfigError(f"--resume: {out} holds no study that was stopped ({NAME} is missing)")
    out.mkdir(parents=True, exist_ok=True)
    drawn = Drawn(out / NAME)
    if resume:
        say(f"{len(drawn):,} samples are drawn already")
    try:
        with _costs():
            yield drawn
    except BaseException:
        if len(drawn):
            say(f"{len(drawn):,} samples are in {out}; --resume goes on with them")
        else:
            with suppress(OSError):
                out.rmdir()  # only if nothing was written
        raise


@contextmanager
def _costs() -> Iterator[None]:
    """Tell what servers were asked, also if it came to nothing."""
    from ulmus.models import meter
    from ulmus.records import NO_USAGE

    before = meter.counted()
    try:
        yield
    finally:
        asked = meter.counted() - before
        if asked != NO_USAGE:
            say(f"servers: {asked}")


def _write(
    out: Path | None, result: Mapping[str, Json], children: Iterable[Mapping[str, Json]]
) -> None:
    if out is None:
        return
    with (out / "children.jsonl").open("w", encoding="ascii", newline="\n") as stream:
        for child in children:
            stream.write(json_text.dumps(dict(child)) + "\n")
    (out / "study.json").write_text(json_text.dumps(dict(result), indent=2) + "\n", "ascii")
    say(f"figures and children in {out}")
