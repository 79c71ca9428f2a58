"""Runs attacks in a real sandbox, with the same scene around it as around the naive evaluator."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attack_lab import naive
from attack_lab.catalogue import GUEST_MODULE, HONEST, Attack
from attack_lab.evidence import Observation, parts
from attack_lab.scene import VARIABLE, Scene, new_secret
from ulmus.records import GuestModule, Job, Limits, Outcome, Status
from ulmus.sandbox.base import Sandbox

LIMITS = Limits(fuel=1_000_000_000, memory_bytes=128 * 1024 * 1024)
BOUND_S = 20.0
LAST_RESORT_S = 120.0
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024

HONEST_JOB = Job(
    source=HONEST.read_text(encoding="utf-8"),
    entry="make_walker",
    modules=(GuestModule("walk_creator", GUEST_MODULE.read_text(encoding="utf-8")),),
    limits=LIMITS,
)


def job_of(attack: Attack, target: Any) -> Job:
    """Return the job that runs an attack."""
    return Job(
        source=attack.source,
        entry="attack",
        args=(target,),
        modules=HONEST_JOB.modules,
        limits=LIMITS,
    )


def descendants(secret: str) -> int:
    """Count the processes that were started with this secret in their environment."""
    if not sys.platform.startswith("linux"):
        return 0
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            count += secret.encode() in (process / "environ").read_bytes()
        except OSError:
            continue
    return count


class Stage:
    """A scene around this very process: what leaks or breaks out of the sandbox shows here.

    Args:
        sandbox: The sandbox under attack.
        printed: Returns what really reached standard output and standard error, and forgets it.
    """

    def __init__(self, sandbox: Sandbox, printed: Callable[[], tuple[str, str]]) -> None:
        self.secret = new_secret()
        self._sandbox = sandbox
        self._printed = printed

    def __enter__(self) -> Stage:
        self._room = tempfile.TemporaryDirectory(prefix="ulmus")
        self._scene = Scene(Path(self._room.name), self.secret)
        os.environ[VARIABLE] = self.secret
        sys.argv.append(self.secret)
        self._folder = Path.cwd()
        os.chdir(self._room.name)
        self._stdin = os.dup(0)
        self._pipe = os.pipe()  # the write end stays open: input without an end
        os.write(self._pipe[1], self.secret.encode())
        os.dup2(self._pipe[0], 0)
        faulthandler.dump_traceback_later(LAST_RESORT_S, exit=True)
        return self

    def __exit__(self, *error: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        os.dup2(self._stdin, 0)
        for descriptor in (self._stdin, *self._pipe):
            os.close(descriptor)
        os.chdir(self._folder)
        sys.argv.remove(self.secret)
        del os.environ[VARIABLE]
        self._scene.close()
        self._room.cleanup()

    @property
    def host_paths(self) -> tuple[str, ...]:
        """Return folders of the host that no program must learn about."""
        return (self._room.name, sys.prefix, sys.base_prefix, str(self._folder), str(Path.home()))

    def observe(self, attack: Attack) -> tuple[Observation, Outcome]:
        """Run an attack and the honest program after it; tell what was seen and how it ended."""
        self._printed()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.monotonic()
        jobs = [job_of(attack, self._scene.target()), HONEST_JOB]
        outcome, honest = self._sandbox.run(jobs)
        elapsed_s = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        transcript = json.dumps([outcome.value, outcome.error, outcome.stdout])
        printed = "".join(self._printed())
        seen = Observation(
            transcript=transcript + printed,
            value=outcome.value,
            score=trusted_score(outcome),
            honest=honest.value,
            died=honest.status is not Status.OK,
            hung=elapsed_s > BOUND_S,
            output_bytes=len(transcript) + len(printed),
            peak_bytes=(after - before) * MAXRSS_UNIT,
            orphans=descendants(self.secret),
            **self._scene.traces(),
        )
        return seen, outcome


def trusted_score(outcome: Outcome) -> float | None:
    """Score an outcome with the naive evaluator's scorer, only this time outside of its reach."""
    if outcome.status is not Status.OK:
        return None
    try:
        return naive.score_of(outcome.value)
    except (ValueError, TypeError):
        return None


def check_outcome(outcome: Outcome, limits: Limits) -> None:
    """Check what holds of every outcome, whatever the program did.

    Raises:
        AssertionError: Something that would harm whoever handles the outcome.
    """
    assert type(outcome.status) is Status
    assert type(outcome.stdout) is str
    assert type(outcome.fuel) is int
    assert 0 <= outcome.fuel <= limits.fuel
    assert (outcome.error is None) == (outcome.status is Status.OK)
    assert outcome.status is Status.OK or outcome.value is None
    assert len(outcome.error or "") <= 2000
    assert len(outcome.stdout.encode("utf-8")) <= limits.stdout_bytes + 100
    for text in (outcome.error or "", outcome.entry or ""):
        text.encode("utf-8")
    written = json.dumps(outcome.value, allow_nan=False, ensure_ascii=False)
    assert len(written.encode("utf-8")) <= 2 * limits.output_bytes
    check_plain(outcome.value)


def check_plain(value: Any) -> None:
    """Check that data is made of exactly the plain types, level by level.

    Raises:
        AssertionError: There is something else in it.
    """
    for part in parts(value):
        assert type(part) in (type(None), bool, int, float, str, list, dict)
        if type(part) is dict:
            assert all(type(key) is str for key in part)
