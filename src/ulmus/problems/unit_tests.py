"""A function with known bugs, and hidden unit tests that the host judges.

The program is the text of one function. The guest calls it on every input and returns what came;
which answers are right is known to the host alone, so a program cannot look at its tests.

Measures are counts of words in the text. They are made here and travel through the guest and
back, because a problem sees nothing but outcomes. A hostile program could return others and land
in a wrong cell; it cannot pass a test by that.
"""

from __future__ import annotations

import builtins
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeGuard

from ulmus.errors import ConfigError
from ulmus.records import Evaluation, Job, Json, Limits, Measure, Outcome, Program, Status

SCORE_VERSION = 1
"""Goes up whenever the same outcome gets another score."""

LIMITS = Limits(fuel=1_000_000_000)
"""About a twelfth of a second; an honest program needs less than a hundredth of it."""

ENTRY = "_unit_test_answers"

MOST_WORDS, MOST_DISTINCT, BINS = 240.0, 60.0, 12
"""Ends and bins of the two axes. The parents have about 60 words, 35 of them distinct."""

WORD = re.compile(r"\w+|[^\w\s]")
"""A name, a number or one sign; no parser, so that every Python version counts the same."""

# Starts with a statement that nothing can precede on its line or decorate, so that a text which
# is no program by itself does not become one.
_DRIVER = """\
pass
def _unit_test_answers(function, inputs, words, distinct):
    ask = globals().get(function)
    if not callable(ask):
        raise NameError("no function " + function)
    answers = []
    for given in inputs:
        try:
            answer = ask(*given)
        except Exception:
            answer = None
        plain = type(answer) in (bool, int, float) and -2**63 <= answer < 2**63
        answers.append(answer if plain else None)
    return {"answers": answers, "words": words, "distinct": distinct}
"""


@dataclass(frozen=True)
class Case:
    """One unit test: the arguments and the number that must come back."""

    given: tuple[int, ...]
    expected: int


@dataclass(frozen=True)
class Task:
    """A function, its bugs and its tests.

    Attributes:
        function: Name of the function, which is also that of the problem.
        template: Text with one placeholder "{}" per bug, in the order of the bugs.
        right: What makes the text correct, one per placeholder.
        wrong: What a bug puts in its place.
        cases: The hidden tests.
    """

    function: str
    template: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    cases: tuple[Case, ...]

    @property
    def num_bugs(self) -> int:
        """Largest number of bugs."""
        return len(self.right)

    def source(self, bugs: int) -> str:
        """Return the text with the first `bugs` bugs in it; 0 gives the correct one.

        Raises:
            ConfigError: The task does not have so many bugs.
        """
        if not 0 <= bugs <= self.num_bugs:
            raise ConfigError(f"{self.function} has 0 to {self.num_bugs} bugs, not {bugs}")
        return self.template.format(*self.wrong[:bugs], *self.right[bugs:])


@dataclass(frozen=True)
class UnitTested:
    """A problem whose fitness is the share of unit tests that a function passes.

    Attributes:
        bugs: Number of bugs in the seed program; they are cumulative.
    """

    bugs: int = 1
    task: ClassVar[Task]

    def __post_init__(self) -> None:
        """Refuse a number of bugs that the task does not have.

        Raises:
            ConfigError: See `Task.source`.
        """
        self.task.source(self.bugs)

    @property
    def name(self) -> str:
        """Return the name of the function."""
        return self.task.function

    @property
    def identity(self) -> str:
        """Return the settings, the version of the scores and a digest of the tests."""
        seen = repr((self.task, _DRIVER, LIMITS, WORD.pattern)).encode("utf-8")
        digest = hashlib.sha256(seen).hexdigest()[:12]
        return f"{self.name}(bugs={self.bugs}), scores {SCORE_VERSION}, tests {digest}"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return the number of words of the text and how many of them are distinct."""
        return (
            Measure("words", "", 0.0, MOST_WORDS, BINS),
            Measure("distinct", "", 0.0, MOST_DISTINCT, BINS),
        )

    def seeds(self) -> Sequence[Program]:
        """Return the program with its bugs."""
        return (Program(self.task.source(self.bugs)),)

    def job(self, program: Program) -> Job:
        """Say how to run a program: it is called on all inputs, one after the other."""
        words = WORD.findall(program.source)
        join = "" if program.source.endswith("\n") else "\n"
        inputs: list[Json] = [list(case.given) for case in self.task.cases]
        return Job(
            source=program.source + join + _DRIVER,
            entry=ENTRY,
            args=(self.task.function, inputs, len(words), len(set(words))),
            limits=LIMITS,
        )

    def score(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        """Return the share of tests passed, in [0, 1]; an input that raises is a test failed."""
        return [self._evaluation(outcome) for outcome in outcomes]

    def _evaluation(self, outcome: Outcome) -> Evaluation:
        if outcome.status is not Status.OK:
            return Evaluation.invalid(_failure(outcome))
        value = outcome.value
        if not isinstance(value, dict):
            return Evaluation.invalid("answers: not a dict")
        answers, figures = value.get("answers"), (value.get("words"), value.get("distinct"))
        if not isinstance(answers, list) or len(answers) != len(self.task.cases):
            return Evaluation.invalid("answers: not one per test")
        measures = tuple(float(count) for count in figures if _is_count(count))
        if len(measures) != len(self.measures):
            return Evaluation.invalid("answers: no measures")
        passed = sum(
            _passes(answer, case) for answer, case in zip(answers, self.task.cases, strict=True)
        )
        return Evaluation(passed / len(self.task.cases), measures)


def solved(evaluation: Evaluation) -> bool:
    """Tell whether a program passes all its unit tests."""
    return evaluation.fitness == 1.0


def _is_count(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _passes(answer: Json, case: Case) -> bool:
    """Tell whether an answer equals the expected number; True counts as 1, as in Python."""
    return isinstance(answer, (int, float)) and answer == case.expected


def _failure(outcome: Outcome) -> str:
    """Return why a program gave no answers; kinds of exception that a program made up are one."""
    if outcome.status is not Status.ERROR:
        return outcome.status.value
    name = (outcome.error or "").partition(":")[0].partition(" (line ")[0]
    kind = getattr(builtins, name, None)
    known = isinstance(kind, type) and issubclass(kind, BaseException)
    return f"error: {name if known else 'other exception'}"
