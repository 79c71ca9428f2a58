"""The stage around the sandbox notices what escapes: it is shown a sandbox full of holes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from attack_lab.catalogue import Attack
from attack_lab.evidence import succeeded
from attack_lab.sandboxed import Stage
from attack_lab.scene import VARIABLE

from ulmus.records import Job, Outcome, Status

Hole = Callable[[dict[str, Any]], object]


class Leaky:
    """A sandbox with one hole: it does for the program what no program may do."""

    identity = "leaky"

    def __init__(self, hole: Hole) -> None:
        self._hole = hole

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Do the forbidden thing, then answer both jobs."""
        target = json.loads(json.dumps(jobs[0].args[0]))
        return [Outcome(Status.OK, self._hole(target)), Outcome(Status.OK, "honest")]


def connect(target: dict[str, Any]) -> None:
    socket.create_connection(("127.0.0.1", target["tcp_port"])).close()


def send(target: dict[str, Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"x", ("127.0.0.1", target["udp_port"]))


def call(target: dict[str, Any]) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(target["unix_socket"])


def kill(target: dict[str, Any]) -> None:
    os.kill(target["bystander"], signal.SIGKILL)
    os.waitid(os.P_PID, target["bystander"], os.WEXITED | os.WNOWAIT)


def write(target: dict[str, Any]) -> None:
    with open(target["canary"], "w") as file:
        file.write("x")


HOLES: dict[str, tuple[str, Hole]] = {
    "environment": ("secret", lambda target: os.environ[VARIABLE]),
    "standard_input": ("secret", lambda target: os.read(0, 100).decode()),
    "disk": ("secret", lambda target: Path(target["secret_file"]).read_text()),
    "listing": ("secret", lambda target: os.listdir(target["vault"])),
    "printed": ("secret", lambda target: os.write(1, os.environ[VARIABLE].encode())),
    "folder": ("host-path", lambda target: os.getcwd()),
    "canary": ("file", write),
    "deletion": ("damage", lambda target: os.remove(target["victim"])),
    "tcp": ("connection", connect),
    "udp": ("connection", send),
    "unix": ("connection", call),
    "kill": ("kill", kill),
    "flood": ("flood", lambda target: "x" * 20_000_000),
    "infinity": ("nonfinite", lambda target: [1.0, float("inf")]),
    "surrogate": ("unwritable", lambda target: {"\ud800": 1}),
    "entropy": ("differs", lambda target: os.urandom(8).hex()),
}


@pytest.mark.parametrize("name", HOLES)
def test_hole_is_noticed(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    evidence, hole = HOLES[name]
    with Stage(Leaky(hole), capfd.readouterr) as stage:
        attack = Attack(name, "", "", evidence, frozenset())
        seen, _ = stage.observe(attack)
        again = stage.observe(attack)[0] if evidence == "differs" else seen
        known = {"secret": stage.secret, "host_paths": stage.host_paths, "again": again}
        assert succeeded(evidence, seen, expected="honest", **known)
        assert succeeded("poison", seen, expected="another answer", **known)
        assert not succeeded("poison", seen, expected="honest", **known)


def test_processes_that_are_left_are_counted(capfd: pytest.CaptureFixture[str]) -> None:
    left: list[subprocess.Popen[bytes]] = []

    def hole(target: dict[str, Any]) -> None:
        left.extend(subprocess.Popen(["sleep", "20"]) for _ in range(5))

    try:
        with Stage(Leaky(hole), capfd.readouterr) as stage:
            seen, _ = stage.observe(Attack("left", "", "", "orphans", frozenset()))
        assert seen.orphans == 5
    finally:
        for process in left:
            process.kill()
            process.wait()
