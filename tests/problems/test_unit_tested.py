"""Parity and quadratic: the bugs of the paper, hidden tests, and programs that try to cheat."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ulmus.catalogue import make_problem
from ulmus.errors import ConfigError
from ulmus.problems.conformance import check_problem
from ulmus.problems.parity import Parity
from ulmus.problems.quadratic import Quadratic
from ulmus.problems.unit_tests import UnitTested, solved
from ulmus.records import Evaluation, Outcome, Program, Status
from ulmus.sandbox.wasm import WasmSandbox

PROBLEMS = [Parity(), Parity(bugs=5), Quadratic(), Quadratic(bugs=2)]


@pytest.fixture(scope="module")
def judge() -> Callable[[UnitTested, str], Evaluation]:
    """Run a program in the real sandbox and judge it."""
    sandbox = WasmSandbox()

    def run(problem: UnitTested, source: str) -> Evaluation:
        return problem.score(sandbox.run([problem.job(Program(source))]))[0]

    return run


def answered(problem: UnitTested, answers: list[object]) -> Outcome:
    return Outcome(Status.OK, {"answers": answers, "words": 60, "distinct": 30})  # type: ignore[dict-item]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_problems_keep_their_promises(problem: UnitTested) -> None:
    right: list[object] = [case.expected for case in problem.task.cases]
    outcomes = [
        answered(problem, right),
        answered(problem, [None] * 16),
        answered(problem, [10**400, "1", *right[2:]]),
        answered(problem, right[1:]),
    ]
    check_problem(problem, outcomes)
    fitness = [evaluation.fitness for evaluation in problem.score(outcomes)]
    assert fitness == [1.0, 0.0, 14 / 16, None]


def test_the_bugs_are_those_of_the_paper() -> None:
    bodies = [Parity(bugs).seeds()[0].source.splitlines()[-1].strip() for bugs in range(6)]
    assert bodies == [
        "return sum([b1, b2, b3, b4]) % 2",
        "return sum([c1, b2, b3, b4]) % 2",
        "return sum([c1, c2, b3, b4]) % 2",
        "return sum([c1, c2, c3, b4]) % 2",
        "return sum([c1, c2, c3, c4]) % 2",
        "return sum([c1, c2, c3, c4]) % 3",
    ]
    bodies = [Quadratic(bugs).seeds()[0].source.splitlines()[-1].strip() for bugs in range(3)]
    assert bodies == [
        "return a * x ** 2 + b * x + c",
        "return a * x ** 2 - b * x + c",
        "return a * x ** 2 - b * x - c",
    ]
    for problem in PROBLEMS:
        assert '"""Return the ' in problem.seeds()[0].source


@pytest.mark.parametrize(("maker", "most"), [(Parity, 5), (Quadratic, 2)])
def test_only_the_program_without_bugs_passes(
    judge: Callable[[UnitTested, str], Evaluation], maker: type[UnitTested], most: int
) -> None:
    found = [judge(maker(bugs), maker(bugs).seeds()[0].source) for bugs in range(most + 1)]
    assert [solved(evaluation) for evaluation in found] == [True] + [False] * most
    assert all(evaluation.valid for evaluation in found)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return (b1 + b2 - b3 - b4) % 2 == 1", 1.0),
        ("return float((b1 ^ b2 ^ b3 ^ b4))", 1.0),
        ("return 0", 0.5),
        ("return str(sum([b1, b2, b3, b4]) % 2)", 0.0),
        ("return 1 / 0 if b1 else (b2 + b3 + b4) % 2", 0.5),
        ("return 10 ** 400", 0.0),
        ("return float('nan')", 0.0),
        ("return lambda: 1", 0.0),
    ],
)
def test_the_share_of_tests_passed(
    judge: Callable[[UnitTested, str], Evaluation], body: str, expected: float
) -> None:
    evaluation = judge(Parity(), f"def parity(b1, b2, b3, b4):\n    {body}\n")
    assert evaluation.fitness == expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def parity(b1, b2, b3, b4):\n    while True: pass\n", "timeout"),
        ("def parity(b1, b2, b3, b4)\n    return 1\n", "error: SyntaxError"),
        ("def parity(b1, b2, b3, b4): return 1\nx = 1 \\", "error: SyntaxError"),
        ("def parity(b1, b2, b3, b4): return 1\nx = 1 \\\n", "error: SyntaxError"),
        ("def parity(b1, b2, b3, b4): return 1\n@staticmethod\n", "error: SyntaxError"),
        ("def parity(b1, b2, b3, b4): return 1\nif True:", "error: IndentationError"),
        ("def parity(b1, b2, b3, b4): return 1\nx = '''", "error: SyntaxError"),
        ("def parity(b1, b2, b3, b4): return 1\nx = (", "error: SyntaxError"),
        ("def pariti(b1, b2, b3, b4): return 1\n", "error: NameError"),
        ("parity = 3\n", "error: NameError"),
        ("class Mine(Exception): pass\nraise Mine\n", "error: other exception"),
        ("", "error: NameError"),
    ],
)
def test_why_a_program_is_invalid(
    judge: Callable[[UnitTested, str], Evaluation], source: str, reason: str
) -> None:
    assert judge(Parity(), source) == Evaluation.invalid(reason)


def test_the_measures_count_words(judge: Callable[[UnitTested, str], Evaluation]) -> None:
    evaluation = judge(Parity(), "parity = lambda a, b, c, d: a ^ b  # a")
    assert evaluation.measures == (16.0, 11.0)


def test_options_are_checked() -> None:
    assert make_problem("parity", {"bugs": 4}) == Parity(bugs=4)
    with pytest.raises(ConfigError, match="parity has 0 to 5 bugs, not 6"):
        make_problem("parity", {"bugs": 6})
    with pytest.raises(ConfigError, match="quadratic has 0 to 2 bugs, not -1"):
        Quadratic(bugs=-1)
    with pytest.raises(ConfigError, match="Did you mean 'bugs'"):
        make_problem("quadratic", {"bug": 1})
