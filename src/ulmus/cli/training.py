"""What the commands that train have in common: the folder, torch, and what they print."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ulmus.cli.output import say
from ulmus.errors import ConfigError

if TYPE_CHECKING:
    from ulmus.training.loop import Report


def check_folder(out: Path, resume: bool) -> None:
    """Check that a training may write to a folder, or go on in it.

    Raises:
        TrainingError: See `ulmus.training.folders`.
    """
    from ulmus.training.folders import check_new, check_started

    if resume:
        check_started(out)
    else:
        check_new(out)


def prepare_torch(threads: int) -> None:
    """Let torch use so many threads, and its libraries not talk about each other."""
    import torch

    warnings.simplefilter("ignore", FutureWarning)
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


def watchers(tensorboard: Path | None) -> Callable[[Report], None]:
    """Return what is told where a training stands: prints it, and logs it if wanted.

    Raises:
        ConfigError: The package tensorboard is missing.
    """
    progress = TrainingProgress()
    if tensorboard is None:
        return progress
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError("--tensorboard needs the package tensorboard") from error
    writer = SummaryWriter(str(tensorboard))

    def observe(report: Report) -> None:
        writer.add_scalar("loss", report.loss, report.step)
        writer.add_scalar("rate", report.rate, report.step)
        if report.reading is not None and report.reading.test_loss is not None:
            writer.add_scalar("test loss", report.reading.test_loss, report.step)
        progress(report)

    return observe
