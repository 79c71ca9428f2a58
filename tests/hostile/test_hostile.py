"""Every attack fails in the sandbox, and succeeds against a naive evaluator.

The second half is the control of the first: an attack that could not succeed anywhere would
prove nothing. Controls only run inside a throw-away namespace, see `attack_lab/namespace.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from attack_lab import catalogue, namespace
from attack_lab.catalogue import Attack
from attack_lab.evidence import Observation, succeeded
from attack_lab.sandboxed import HONEST_JOB, LIMITS, Stage, check_outcome
from attack_lab.scene import new_secret

from ulmus.sandbox.base import Sandbox

ATTACKS = catalogue.read_attacks()
EXPECTED = json.loads(catalogue.EXPECTED.read_text(encoding="utf-8"))
GROUPS = {
    "files",
    "environment",
    "network",
    "processes",
    "memory",
    "time",
    "output",
    "forged",
    "poisoned",
    "imports",
    "native",
    "repeat",
}

HOST_PATHS = (sys.prefix, sys.base_prefix, str(catalogue.FOLDER))

each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def test_there_are_attacks_of_every_kind() -> None:
    counts = Counter(attack.group for attack in ATTACKS)
    assert set(counts) == GROUPS
    assert min(counts.values()) >= 4
    assert len(ATTACKS) >= 150


def test_the_table_in_the_readme_is_up_to_date() -> None:
    text = catalogue.README.read_text(encoding="utf-8")
    assert catalogue.table(ATTACKS) in text, "run `python tests/hostile/write_readme.py`"


def test_the_honest_program_gives_its_exact_answer(sandbox: Sandbox) -> None:
    outcome = sandbox.run([HONEST_JOB])[0]
    assert outcome.error is None
    assert outcome.value == EXPECTED


@each_attack
def test_attack_fails_in_the_sandbox(attack: Attack, stage: Stage) -> None:
    seen, outcome = stage.observe(attack)
    again = stage.observe(attack)[0] if attack.evidence == "differs" else seen
    check_outcome(outcome, LIMITS)
    assert outcome.status.value in attack.statuses, outcome
    assert seen.honest == EXPECTED
    assert stage.secret not in seen.transcript
    assert not any(path in seen.transcript for path in stage.host_paths)
    assert (seen.created, seen.damaged, seen.connected, seen.killed) == (False,) * 4
    assert seen.orphans == 0
    assert not seen.hung
    assert not succeeded(
        attack.evidence,
        seen,
        secret=stage.secret,
        expected=EXPECTED,
        host_paths=stage.host_paths,
        again=again,
    )


def observe_control(attack: Attack, secret: str) -> Observation:
    """Observe an attack in the naive evaluator; skip if no throw-away namespace can be made."""
    reason = namespace.refusal()
    if reason is not None:
        pytest.skip(f"control not run, nothing hostile was started: {reason}")
    return namespace.observe(attack, secret)


@pytest.mark.slow
@each_attack
def test_attack_succeeds_against_a_naive_evaluator(attack: Attack) -> None:
    secret = new_secret()
    seen = observe_control(attack, secret)
    again = namespace.observe(attack, secret) if attack.evidence == "differs" else seen
    assert succeeded(
        attack.evidence,
        seen,
        secret=secret,
        expected=EXPECTED,
        host_paths=HOST_PATHS,
        again=again,
    ), seen


HARMLESS = Attack("honest", "def attack(target):\n    return {}\n", "", "secret", frozenset())


def test_no_evidence_is_seen_of_a_harmless_program() -> None:
    secret = new_secret()
    seen = observe_control(HARMLESS, secret)
    for evidence in sorted({attack.evidence for attack in ATTACKS}):
        assert not succeeded(
            evidence, seen, secret=secret, expected=EXPECTED, host_paths=HOST_PATHS, again=seen
        ), evidence


def test_controls_cannot_write_outside_their_room() -> None:
    roads = [str(catalogue.FOLDER), "/tmp", "/etc", "/dev/shm", os.path.expanduser("~"), "/proc"]
    source = f"""
def attack(target):
    written = []
    for road in {roads!r}:
        try:
            open(road + "/ulmus-escaped", "w").close()
            written.append(road)
        except OSError:
            continue
    open(target["canary"], "w").close()
    return written
"""
    seen = observe_control(Attack("escape", source, "", "file", frozenset()), new_secret())
    assert seen.created
    assert seen.value == []


def test_no_control_is_skipped_where_namespaces_work() -> None:
    try:
        done = subprocess.run([*namespace.UNSHARE, "true"], capture_output=True, timeout=30)
    except FileNotFoundError:
        assert namespace.refusal() is not None
    else:
        assert (namespace.refusal() is None) == (done.returncode == 0)
