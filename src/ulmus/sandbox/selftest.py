"""Tries the walls before anything is let in.

A sandbox that has lost a wall still runs every honest program, so nobody would notice. At its
first use in a process it therefore has to refuse a few ways out, each by the mechanism that is
meant to refuse it, and to run one honest program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Job, Limits, Outcome, Status

Run = Callable[[Sequence[Job]], list[Outcome]]


_LIMITS = Limits(fuel=200_000_000)


@dataclass(frozen=True)
class Probe:
    """A program and how it has to end.

    Attributes:
        name: What is tried.
        source: The program.
        status: The status that it has to end with.
        words: What its error has to say, or the text of its value.
    """

    name: str
    source: str
    status: Status
    words: str
    limits: Limits = _LIMITS


PROBES = (
    Probe("an honest program", "def start(): return [1, 0.5]", Status.OK, "[1, 0.5]"),
    Probe("reading a file", "open('/etc/passwd')", Status.VIOLATION, "open"),
    Probe("writing a file", "open('ulmus-canary', 'w')", Status.VIOLATION, "open"),
    Probe("a socket", "import socket", Status.ERROR, "ModuleNotFoundError"),
    Probe("a process", "import os\nos.fork()", Status.ERROR, "AttributeError"),
    Probe("the clock", "import datetime\ndatetime.datetime.now()", Status.VIOLATION, "clock"),
    Probe("endless work", "while True: pass", Status.TIMEOUT, "fuel", Limits(fuel=10_000_000)),
    Probe(
        "endless memory",
        "keep = []\nwhile True: keep.append(bytearray(10**6))",
        Status.MEMORY,
        "MemoryError",
        Limits(fuel=1_000_000_000, memory_bytes=24 * 1024 * 1024),
    ),
)


def check(run: Run) -> None:
    """Run all probes.

    Raises:
        SandboxUnavailableError: One of them ended in another way than it has to.
    """
    jobs = [Job(probe.source, "start", limits=probe.limits) for probe in PROBES]
    for probe, outcome in zip(PROBES, run(jobs), strict=True):
        said = str(outcome.value) if outcome.status == Status.OK else str(outcome.error)
        if outcome.status != probe.status or probe.words not in said:
            raise SandboxUnavailableError(
                f"the sandbox failed its self-test: {probe.name} had to end as {probe.status} "
                f"({probe.words}), but ended as {outcome.status} ({said}). It is not safe to use."
            )
