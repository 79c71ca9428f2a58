"""What is shown while a run goes on: a live map in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ulmus.cli.output import say
from ulmus.records import NO_USAGE, Measure, Placement
from ulmus.search.map_elites import SEED_OPERATOR

if TYPE_CHECKING:
    from ulmus.search.loop import Progress

LINE_EVERY_S = 5.0
"""Seconds between two lines where there is no terminal."""

PATIENCE_S = 2.0
"""Seconds without a first result after which somebody wants to know why."""

FRAME_EVERY_S = 0.25
"""Seconds between two pictures in a terminal."""


PREPARING = "preparing the sandbox and the simulator; on a new machine that takes half a minute"


class Watcher:
    """Shows the progress of a run on standard error."""

    def __init__(
        self,
        measures: Sequence[Measure],
        evaluations: int | None,
        seconds: float | None,
        tokens: int | None = None,
    ) -> None:
        self._measures = tuple(measures)
        self._evaluations = evaluations
        self._seconds = seconds
        self._tokens = tokens
        self._last_s = float("-inf")
        self._live: Any = None
        self._unshown: Progress | None = None
        self._explain = threading.Timer(PATIENCE_S, say, [PREPARING])
        self._explain.daemon = True

    def __enter__(self) -> Watcher:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False)
            self._live.start()
        self._explain.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._explain.cancel()
        if self._unshown is not None:
            self._show(self._unshown)
        if self._live is not None:
            self._live.stop()

    def observe(self, progress: Progress) -> None:
        """Show where the run stands, unless that was done a moment ago."""
        self._explain.cancel()
        now = time.monotonic()
        if now - self._last_s < (LINE_EVERY_S if self._live is None else FRAME_EVERY_S):
            self._unshown = progress
            return
        self._last_s = now
        self._show(progress)

    def _show(self, progress: Progress) -> None:
        self._unshown = None
        if self._live is None:
            lines = [self._line(progress), *_shares(progress)]
            if progress.usage != NO_USAGE:
                lines.append(f"{'':10}servers: {progress.usage}")
            say("\n".join(lines))
        else:
            from ulmus.viewer.terminal import progress_panel

            panel = progress_panel(progress, self._measures, self._goal(progress))
            self._live.update(panel, refresh=True)

    def _goal(self, progress: Progress) -> float | None:
        """Return the share of the budget that is used, None if there is no end in sight."""
        shares = []
        if self._evaluations is not None:
            shares.append(progress.evaluations / self._evaluations)
        if self._seconds is not None:
            shares.append(progress.elapsed_s / self._seconds)
        if self._tokens is not None:
            shares.append(progress.usage.tokens / self._tokens)
        return min(1.0, max(shares)) if shares else None

    def _line(self, progress: Progress) -> str:
        best = progress.archive.best
        return (
            f"{progress.elapsed_s:6.1f} s  {progress.evaluations:8,} evaluations "
            f"{progress.evaluations_per_s:6,.0f}/s  {len(progress.archive):5} cells  "
            f"QD {progress.archive.qd_score:10,.0f}  best {best[1].fitness if best else 0.0:7.1f}  "
            f"valid {100 * progress.valid_share:3.0f} %"
        )


def _shares(progress: Progress) -> list[str]:
    """Return a line per operator that has made something, the seeds left out."""
    from ulmus.viewer.plain_text import visible

    return [
        f"{'':10}{visible(name)}: {tally.valid_share:.0%} valid, "
        f"{tally.share(Placement.INVALID):.0%} invalid, "
        f"{tally.share(Placement.DUPLICATE):.0%} duplicate, "
        f"{tally.share(Placement.REFUSED):.0%} refused"
        for name, tally in progress.tallies.items()
        if name != SEED_OPERATOR
    ]
