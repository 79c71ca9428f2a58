"""Programs that are merely bad: each ends with the status that its fault deserves.

None of them attacks anything; language models and mutation write such programs all day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest
from attack_lab import catalogue
from attack_lab.sandboxed import HONEST_JOB, check_outcome

from ulmus.records import Job, Limits, Outcome, Status
from ulmus.sandbox.base import Sandbox

EXPECTED = json.loads(catalogue.EXPECTED.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Faulty:
    """A bad program and what the sandbox must say of it.

    Attributes:
        name: For the report.
        source: Text of the program.
        status: The status; two, joined by "|", where it depends on which limit is met first.
        error: What must stand in the error; None if any will do, or if there must be none.
        fuel: Instructions that it takes to get so far.
    """

    name: str
    source: str
    status: str
    error: str | None = None
    fuel: int = 1_000_000_000


BODY = "def make_walker():\n    return "
MANY_JOINTS = BODY + "{'joints': [[float(index), 0.0] for index in range(10**6)]}"
DEEP = """
def make_walker():
    value = []
    for _ in range(10**6):
        value = [value]
    return value
"""
RECURSIVE = """
def make_walker():
    return make_walker()
"""
GENERATOR = """
def make_walker():
    yield 1.0
"""
PROSE = "Sure! Here is a walker that walks:\n\n```python\ndef make_walker():\n    return 1\n```\n"
ABSENT = "import numpy\n" + BODY + "numpy.zeros(3)"
TOO_LONG = "x = 1\n" * 2_000_000
TOO_DEEP = BODY + "(" * 5_000 + ")" * 5_000

FAULTY = [
    Faulty("unclosed", "def make_walker(:\n    return 1", "error", "SyntaxError"),
    Faulty("indented_wrongly", "def make_walker():\nreturn 1", "error", "IndentationError"),
    Faulty("prose", PROSE, "error", "SyntaxError"),
    Faulty("null_byte", BODY + "1\0", "error", "null bytes"),
    Faulty("lone_surrogate", BODY + "'\ud800'", "error", "surrogates"),
    Faulty("empty", "", "error", "no entry"),
    Faulty("only_a_comment", "# a walker", "error", "no entry"),
    Faulty("entry_is_no_function", "make_walker = 3", "error", "no entry"),
    Faulty("wants_an_argument", "def make_walker(x):\n    return x", "error", "TypeError"),
    Faulty("raises", BODY + "1 / 0", "error", "ZeroDivisionError"),
    Faulty("raises_early", "1 / 0\n" + BODY + "1", "error", "ZeroDivisionError"),
    Faulty("misspelt", BODY + "walker", "error", "NameError"),
    Faulty("absent_module", ABSENT, "error", "ModuleNotFoundError"),
    Faulty("too_long", TOO_LONG, "error", "characters"),
    Faulty("nested_too_deeply", TOO_DEEP, "error|memory", "pars"),
    Faulty("recursion", RECURSIVE, "error", "RecursionError"),
    Faulty("loops", "while True:\n    pass\n" + BODY + "1", "timeout", "fuel"),
    Faulty("loops_in_the_entry", "def make_walker():\n    while True: pass", "timeout", "fuel"),
    Faulty("nothing", "def make_walker():\n    pass", "ok"),
    Faulty("not_a_number", BODY + "{'joints': [[float('nan'), 0.0]]}", "output", "nan"),
    Faulty("infinite", BODY + "[1e999]", "output", "inf"),
    Faulty("a_million_joints", MANY_JOINTS, "output", "too many parts", 6_000_000_000),
    Faulty("a_million_deep", DEEP, "output|crashed", "deep", 3_000_000_000),
    Faulty("generator", GENERATOR, "output", "generator"),
    Faulty("a_function", BODY + "make_walker", "output", "function"),
    Faulty("complex_number", BODY + "1j", "output", "complex"),
    Faulty("bytes", BODY + "b'walker'", "output", "bytes"),
    Faulty("memory", BODY + "[0.0] * 10**9", "memory", "MemoryError"),
]


@pytest.mark.parametrize("faulty", FAULTY, ids=lambda faulty: faulty.name)
def test_faulty_program(faulty: Faulty, sandbox: Sandbox) -> None:
    job = replace(HONEST_JOB, source=faulty.source, limits=Limits(fuel=faulty.fuel))
    outcome, honest = sandbox.run([job, HONEST_JOB])
    check_outcome(outcome, job.limits)
    assert outcome.status.value in faulty.status.split("|"), outcome
    assert outcome.value is None
    assert (faulty.error or "") in (outcome.error or "")
    assert honest.value == EXPECTED


def test_odd_text_that_is_printed_can_be_written_down(sandbox: Sandbox) -> None:
    source = "print('\\ud800 \\x00 \\x1b[2J')\n" + BODY + "1"
    outcome = sandbox.run([replace(HONEST_JOB, source=source)])[0]
    check_outcome(outcome, HONEST_JOB.limits)
    assert outcome.value == 1


FAKE_TARGET = {
    "scratch": "/nowhere",
    "canary": "/nowhere/canary",
    "vault": "/nowhere",
    "secret_file": "/nowhere/secret.txt",
    "victim": "/nowhere/victim.txt",
    "variable": "HOME",
    "secret_prefix": "nothing-",
    "tcp_port": 9,
    "udp_port": 9,
    "unix_socket": "/nowhere/socket",
    "bystander": 0,
}


def test_the_order_of_programs_makes_no_difference(sandbox: Sandbox) -> None:
    groups = {"poisoned", "forged", "repeat", "environment", "processes"}
    attacks = [attack for attack in catalogue.read_attacks() if attack.group in groups]
    jobs = [
        Job(attack.source, "attack", (FAKE_TARGET,), HONEST_JOB.modules, limits=HONEST_JOB.limits)
        for attack in attacks
    ]
    forwards: list[Outcome] = sandbox.run(jobs)
    backwards = sandbox.run(jobs[::-1])[::-1]
    assert forwards == backwards
    assert {outcome.status for outcome in forwards} >= {Status.OK, Status.ERROR}
