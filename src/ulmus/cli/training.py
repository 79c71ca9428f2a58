"""What the commands that train have in common: the folder, torch, and what they print."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ulmus.cli.output import say
from ulmus.errors import ConfigError

if TYPE_CHECKING:
    from ulmus.training.loop import Report

SMALL = ("tiny", "0.1m")
"""Sizes of networks for which threads cost more than they bring, and most on a busy machine."""

Scalars = Callable[[Mapping[str, float], int], None]
"""Takes figures by name and the step that they are of."""

OUT = Annotated[Path | None, typer.Option(help="Folder of the model; must be new.")]
BASE = Annotated[
    str, typer.Option(help="none, a name of ulmus models list, a folder, or a name on the hub.")
]
WHOLE_LINES = Annotated[
    bool, typer.Option("--whole-lines", help="Tokens of a new tokenizer may reach over words.")
]
GROW_TO = Annotated[
    str | None, typer.Option(help="Size that the base grows into first, such as 12m from 3m.")
]
LORA = Annotated[int | None, typer.Option(min=1, help="Train an adapter of this rank on the base.")]
FULL = Annotated[bool, typer.Option("--full", help="Train all weights of the base.")]
RATE = Annotated[float | None, typer.Option(help="Highest learning rate; by size if not given.")]
PRECISION = Annotated[
    str, typer.Option(help="Numbers that are multiplied: auto, float32 or bfloat16.")
]
STEPS = Annotated[int | None, typer.Option(min=1, help="End after so many steps.")]
MINUTES = Annotated[float | None, typer.Option(help="End after so many minutes, pauses left out.")]
SEED = Annotated[int, typer.Option(help="Seed of all random choices.")]
THREADS = Annotated[
    int | None,
    typer.Option(
        min=1, help="Threads of the CPU; all cores if not given, 1 for new tiny networks."
    ),
]
SAVE_EVERY = Annotated[float, typer.Option(min=0, help="Minutes between two checkpoints.")]
TENSORBOARD = Annotated[Path | None, typer.Option(help="Folder for a TensorBoard log.")]
RESUME = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")]
JSON = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]


def check_folder(out: Path | None, resume: bool) -> Path:
    """Return the folder that a training may write to, or go on in.

    Raises:
        ConfigError: None was named.
        TrainingError: See `ulmus.training.folders`.
    """
    from ulmus.training.folders import check_new, check_started

    if out is None:
        raise ConfigError("--out is missing: the folder of the model")
    if resume:
        check_started(out)
    else:
        check_new(out)
    return out


def speaks() -> bool:
    """Tell whether this process prints; of several that train together only the main one does.

    Their launcher (torchrun, accelerate) has numbered them in RANK. Errors all of them print.
    """
    return os.environ.get("RANK", "0") == "0"


def announce(text: str) -> None:
    """Print a line for people to standard error, in the process that speaks."""
    if speaks():
        say(text)


def stopped(out: Path) -> typer.Exit:
    """Say how a training that was stopped goes on; return the end of the command."""
    announce(f"stopped; go on with --resume, the checkpoint is in {out / 'checkpoints'}")
    return typer.Exit(130)


def prepare_torch(threads: int | None = None, size: str | None = None) -> None:
    """Let torch use so many threads, and its libraries not talk about each other.

    Args:
        threads: None: what OMP_NUM_THREADS says, or else all cores, 1 for the smallest networks.
        size: Of the network, if it is a new one.
    """
    import torch

    from ulmus.workers import available_cores

    warnings.simplefilter("ignore", FutureWarning)
    if threads is None and "OMP_NUM_THREADS" not in os.environ:
        threads = 1 if size in SMALL else available_cores()
    if threads is not None:
        torch.set_num_threads(threads)


class TrainingProgress:
    """Prints a line now and then: every second to a terminal, every half minute to a file."""

    def __init__(self) -> None:
        self._every_s = 1.0 if sys.stderr.isatty() else 30.0
        self._last = 0.0

    def __call__(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._last < self._every_s and report.done < 1 and report.reading is None:
            return
        self._last = now
        text = (
            f"step {report.step:,}  loss {report.loss:.3f}  {report.tokens_per_s:,.0f} tokens/s  "
            f"{100 * report.done:.0f} %  {report.left_s / 60:.1f} min left"
        )
        if report.reading is not None and report.reading.test_loss is not None:
            text += f"  test loss {report.reading.test_loss:.3f}"
        say(text)


@contextmanager
def open_tensorboard(folder: Path | None) -> Iterator[Scalars]:
    """Open a TensorBoard log for as long as a command lasts; what is given is written into it.

    Args:
        folder: Of the log; None: nothing is written.

    Raises:
        ConfigError: The package tensorboard is missing.
    """
    if folder is None:
        yield lambda figures, step: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError("--tensorboard needs the package tensorboard") from error

    with SummaryWriter(str(folder)) as writer:

        def write(figures: Mapping[str, float], step: int) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, step)

        yield write


@contextmanager
def watchers(tensorboard: Path | None) -> Iterator[Callable[[Report], None]]:
    """Give what is told where a training stands: prints it, and logs it if wanted.

    In a process that does not speak it does neither.

    Raises:
        ConfigError: The package tensorboard is missing.
    """
    if not speaks():
        yield lambda report: None
        return
    progress = TrainingProgress()
    with open_tensorboard(tensorboard) as write:

        def observe(report: Report) -> None:
            figures = {"loss": report.loss, "rate": report.rate}
            if report.reading is not None and report.reading.test_loss is not None:
                figures["test loss"] = report.reading.test_loss
            write(figures, report.step)
            progress(report)

        yield observe
