"""Ctrl-C: once ends the run after the batches in flight, twice ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType

from ulmus.cli.output import say

EXIT_STATUS = 130


class Interrupts:
    """Listens to Ctrl-C (SIGINT) and SIGTERM while a run is going on."""

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Interrupts:
        self._before = {
            number: signal.signal(number, self._handle)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Tell whether somebody asked the run to end."""
        return self._asked

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            # Committed steps are safe and the workers die with us, so there is nothing to tidy.
            _show_cursor()
            os._exit(EXIT_STATUS)
        self._asked = True
        with contextlib.suppress(RuntimeError):  # the signal came in the middle of a print
            say("ending after the batches in flight; press Ctrl-C again to stop at once")


def _show_cursor() -> None:
    """Undo what the live map did to the terminal."""
    if sys.stderr.isatty():
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), b"\x1b[?25h\n")
