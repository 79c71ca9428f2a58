"""Programs of Sodarace through the real sandbox."""

import pytest

from ulmus.problems.sodarace import programs
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Outcome, Program, Status
from ulmus.sandbox.wasm import WasmSandbox


@pytest.fixture(scope="module")
def in_sandbox():
    """Run programs as a run would, and return their outcomes."""
    sandbox, problem = WasmSandbox(), Sodarace()
    return lambda *sources: sandbox.run([problem.job(Program(source)) for source in sources])


def approx(value):
    """Compare numbers up to their last digits: sines differ between sandbox and host."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-12, abs=1e-12)
    if isinstance(value, dict):
        return {key: approx(part) for key, part in value.items()}
    return [approx(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", programs.SEED_NAMES)
def test_seeds_give_the_same_walker_as_outside(in_sandbox, run, name):
    source = programs.read_seed(name)
    (outcome,) = in_sandbox(source)
    assert outcome.status is Status.OK, outcome.error
    assert outcome.value == approx(run(source))
    assert outcome.fuel < 100_000_000
    (evaluation,) = Sodarace().score([outcome])
    assert evaluation.valid


RENAMED = """
def walk(size=10, strength=True):
    wc = walker_creator()
    a, b, c = wc.add_joint(0, 0), wc.add_joint(size, 0), wc.add_joint(size / 2, size)
    wc.add_muscle(a, b, 0.0, strength, math.pi)
    wc.add_muscle(b, c, True, 30, 0.5)
    wc.add_muscle(c, a, False, np.cos(0.0), np.float64(33))
    return wc.get_walker()
"""


def test_evolved_programs_run_renamed_with_defaults_and_without_imports(in_sandbox):
    (outcome,) = in_sandbox(RENAMED)
    assert (outcome.status, outcome.entry) == (Status.OK, "walk")
    first, second, third = (muscle[2] for muscle in outcome.value["muscles"])
    assert first == {"type": "muscle", "amplitude": 3.0, "phase": pytest.approx(3.14159265)}
    assert second == {"type": "distance"}
    assert third["phase"] == 33.0
    assert Sodarace().score([outcome])[0].valid


LARGEST = """
import math
def make_walker():
    wc = walker_creator()
    rim = [wc.add_joint(12 * math.cos(k / 48), 12 * math.sin(k / 48)) for k in range(300)]
    for step in (1, 2, 3):
        for k in range(300):
            wc.add_muscle(rim[k], rim[(k + step) % 300], False, 1, k / 300)
    for k in range(100):
        wc.add_muscle(rim[k], rim[k + 100], False, k / 100, 0.5)
    return wc.get_walker()
"""


def test_the_largest_walker_stays_far_within_the_limits(in_sandbox):
    (outcome,) = in_sandbox(LARGEST)
    assert outcome.status is Status.OK
    assert (len(outcome.value["joints"]), len(outcome.value["muscles"])) == (300, 1000)
    assert outcome.fuel < programs.LIMITS.fuel / 3


def make(body):
    return (
        f"def make_walker():\n    wc = walker_creator()\n    {body}\n    return wc.get_walker()\n"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def make_walker(:\n", "error: SyntaxError"),
        ("x = 1\n", "error: no entry"),
        ("def make_walker():\n    return None\n", "walker: nothing returned"),
        ("def make_walker():\n    return walker_creator()\n", "output"),
        ("def make_walker():\n    while True: pass\n", "timeout"),
        (make("wc.add_joint(float('nan'), 0)"), "error: ValueError"),
        (make("wc.add_joint('left', 0)"), "error: TypeError"),
        (make("wc.add_muscle(0, 1)"), "error: IndexError"),
        (make("[wc.add_joint(k, 0) for k in range(10**6)]"), "error: TooManyJoints"),
        (make("wc.add_muscle(wc.add_joint(0, 0), wc.add_joint(31, 0))"), "walker: wider than 30 u"),
        (make("[wc.add_joint(k / 5, 0) for k in range(60)]; "
              "[wc.add_muscle(a, b) for a in range(60) for b in range(a)]"),
         "walker: more than 1000 connections"),
        (make("[wc.add_joint(k, 0) for k in range(990)]; "
              "[wc.add_muscle(a, (a + b) % 990) for a in range(990) for b in range(9)]"),
         "error: TooManyMuscles"),
        ("def make_walker():\n    return {'joints': [[0, float('nan')]], 'muscles': []}\n", "output"),
        ("def make_walker():\n    return 'a' * 600000\n", "output"),
        ("def make_walker():\n    return {'joints': [[0, 0]] * 400, 'muscles': []}\n",
         "walker: more than 300 joints"),
        ("def make_walker():\n    a = []\n    for _ in range(1000): a = [a]\n    return a\n", "output"),
        (make("1 / 0"), "error: ZeroDivisionError"),
        (make("import scipy"), "error: ModuleNotFoundError"),
        (make("np.linalg.norm([1, 2])"), "error: AttributeError"),
        ("class Odd(Exception): pass\ndef make_walker():\n    raise Odd()\n", "error: other exception"),
    ],
)  # fmt: skip
def test_bad_programs_are_invalid_for_a_reason(in_sandbox, source, reason):
    outcomes = in_sandbox(source, programs.read_seed("square"))
    bad, good = Sodarace().score(outcomes)
    assert bad.reason == reason, outcomes[0].error
    assert good.measures[:2] == (10.0, 10.0)


def test_equal_programs_get_equal_scores_in_any_company(in_sandbox):
    source = programs.read_seed("wheel")
    alone: list[Outcome] = in_sandbox(source)
    together = in_sandbox(programs.read_seed("square"), source, "boom", source)
    assert together[1] == together[3] == alone[0]
    scores = Sodarace().score(together)
    assert scores[1] == scores[3] == Sodarace().score(alone)[0]
