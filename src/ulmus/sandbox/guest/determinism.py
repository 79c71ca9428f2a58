"""Clock and entropy stand-ins: equal jobs see equal times and equal random bytes.

Without them the first look at the clock or at the entropy pool ends the guest, since neither
exists there. Time starts at 0 and moves by one microsecond per look, and by what is slept.
What stays out of reach from Python code: `datetime.now()` and its relatives read the clock in C
and end the job as a violation.
"""

from __future__ import annotations

import linecache
import os
import random
import sys
import time
from typing import Any

_LOOK_S = 1e-6

SNAPSHOT_SEED = 0
"""The seed that the snapshot is left with; jobs with this seed, the default, need no seeding."""

RECURSION_LIMIT = 1000
"""CPython's own default; each job starts with it."""


class _Clock:
    """Time that only the program's own looks and sleeps move."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def look(self, *_: object) -> float:
        self.now_s += _LOOK_S
        return self.now_s

    def look_ns(self, *_: object) -> int:
        return int(self.look() * 1e9)

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now_s += float(seconds)


_clock = _Clock()
_entropy = random.Random(0)


def _random_bytes(size: int) -> bytes:
    """Stand in for `os.urandom`; the bytes follow from the seed of the job."""
    return _source().randbytes(size)


def _source() -> random.Random:
    """Return the stand-in for entropy, seeded at its first use: few programs ever ask."""
    if _state.stale:
        _entropy.seed(_state.seed ^ _APART)
        _state.stale = False
    return _entropy


class _State:
    """Seed of the job and whether the entropy stand-in still has to be seeded from it."""

    seed = 0
    stale = True


_state = _State()
_APART = 0x5EED5EED  # keeps the entropy stand-in from repeating the stream of `random`


class _SeededRandom(random.Random):
    """`random.Random`, except that without a seed it seeds itself from the job's."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _SeededRandom:
        make: Any = super().__new__
        made: _SeededRandom = make(cls, 0)
        return made

    def seed(self, a: Any = None, version: int = 2) -> None:
        super().seed(_source().getrandbits(64) if a is None else a, version)


def install() -> None:
    """Replace clock and entropy; runs once, at build time."""
    table: Any = time
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(table, name, _clock.look)
        setattr(table, name + "_ns", _clock.look_ns)
    table.sleep = _clock.sleep
    _replace_random()
    os.urandom = _random_bytes
    sys.addaudithook(_no_source_files)
    lines: Any = linecache  # tracebacks must not look for source files
    lines.checkcache = lambda filename=None: None
    lines.updatecache = lambda filename, module_globals=None: []


def _no_source_files(event: str, args: tuple[object, ...]) -> None:
    """Keep the parser from opening "<program>" to show the line of a syntax error."""
    if event == "open" and isinstance(args[0], str) and args[0].startswith("<"):
        raise FileNotFoundError(args[0])


def _replace_random() -> None:
    """Make `random` start from a seed wherever it would have asked for entropy."""
    table: Any = random
    shared = _SeededRandom(0)
    for name in dir(shared):
        if not name.startswith("_") and name in table.__all__:
            setattr(table, name, getattr(shared, name))
    table.Random = _SeededRandom
    table._inst = shared
    table._urandom = _random_bytes


def reseed(seed: int) -> None:
    """Start every stand-in afresh for a job."""
    if seed != SNAPSHOT_SEED or _state.seed != SNAPSHOT_SEED:  # else the snapshot is as it must be
        random.seed(seed)
    _state.seed, _state.stale = seed, True
    _clock.now_s = 0.0
    sys.setrecursionlimit(RECURSION_LIMIT)
