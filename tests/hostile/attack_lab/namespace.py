"""Runs the naive evaluator on an attack, only ever inside a throw-away namespace.

The namespace has its own users, mounts, network, processes and message queues. It sees every
file of the machine read-only, writes to 96 MB of private memory, reaches no network, and takes
its last process along when it ends. Where the machine does not allow such a namespace, nothing
hostile is started: there is no fallback.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attack_lab.catalogue import FOLDER, GUEST_MODULE, HONEST, Attack
from attack_lab.evidence import Observation
from attack_lab.scene import new_secret

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts"]
UNSHARE += ["--fork", "--kill-child", "--mount-proc"]
END_S = 60.0
PATIENCE_S = {"hang": 0.4, "memory": 8.0}


@functools.cache
def refusal() -> str | None:
    """Return why no throw-away namespace can be made here; None if one can."""
    if shutil.which("unshare") is None:
        return "there is no `unshare` on this machine"
    done = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, timeout=END_S)
    if done.returncode:
        return f"no throw-away namespace: {done.stderr.strip()}"
    answer = _supervise("def attack(target):\n    return 'probe'\n", new_secret(), 5.0)
    return None if isinstance(answer, dict) else f"no throw-away namespace: {answer}"


def _supervise(source: str, secret: str, patience_s: float) -> dict | str:
    """Run one attack under a supervisor; return what it saw, or what it complained about."""
    task = {
        "attack": source,
        "honest": HONEST.read_text(),
        "guest_module": GUEST_MODULE.read_text(),
        "secret": secret,
    }
    with tempfile.TemporaryDirectory(prefix="ulmus") as room:
        request = {
            "room": room,
            "secret": secret,
            "evaluator": str(FOLDER / "attack_lab" / "naive.py"),
            "patience_s": patience_s,
            "task": task,
        }
        done = subprocess.run(
            [*UNSHARE, sys.executable, "-S", "-m", "attack_lab.supervisor"],
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
            timeout=END_S,
            env={"PYTHONPATH": str(FOLDER), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
        )
        left = list(Path(room).iterdir())
    if left:
        raise AssertionError(f"the attack reached the real file system: {left}")
    if done.returncode or not done.stdout:
        return f"exit status {done.returncode}: {done.stderr.strip()[-2000:]}"
    return json.loads(done.stdout)


def observe(attack: Attack, secret: str) -> Observation:
    """Run an attack and the honest program in the naive evaluator and tell what was seen.

    Raises:
        RuntimeError: The supervisor failed, or the machine refuses the namespace.
    """
    reason = refusal()
    if reason is not None:
        raise RuntimeError(reason)
    answer = _supervise(attack.source, secret, PATIENCE_S.get(attack.evidence, 5.0))
    if isinstance(answer, str):
        raise RuntimeError(f"the control of {attack.name} failed: {answer}")
    return Observation(**answer)
