"""The film of descent: from the seed to a champion along first parents, each step as a diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

from ulmus.errors import RunError
from ulmus.records import Json
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import lineage, source_of

CONTEXT_LINES = 2
"""Unchanged lines that are shown around a change."""


@dataclass(frozen=True)
class DiffLine:
    """One line of a diff.

    Attributes:
        sign: "+" added, "-" removed, " " unchanged, "@" a gap before the next change.
        number: Line in the child; in the parent for a removed line; 0 for a gap.
        text: The line.
    """

    sign: str
    number: int
    text: str


@dataclass(frozen=True)
class DescentStep:
    """One generation of a line of descent.

    Attributes:
        number: Number of the step in the run.
        operator: Who made the program.
        note: What was done, for people.
        program: Hash of the text.
        source: The text.
        fitness: Of the program.
        cell: Of the map.
        measures: Of the program.
        diff: Against the generation before; the seed is shown whole.
    """

    number: int
    operator: str
    note: str
    program: str
    source: str
    fitness: float
    cell: int
    measures: tuple[float, ...]
    diff: tuple[DiffLine, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the step as plain data, without the text (the diffs hold it)."""
        values = asdict(self)
        del values["source"], values["diff"]
        values["measures"] = list(self.measures)
        values["diff"] = [[line.sign, line.number, line.text] for line in self.diff]
        return values


def descent(log: RunLog, number: int) -> list[DescentStep]:
    """Return the generations from a seed to an admitted step, the seed first.

    Raises:
        RunError: The step was not admitted, so its text was not kept.
    """
    steps: list[DescentStep] = []
    for logged in lineage(log, number):
        before = steps[-1].source if steps else ""
        steps.append(_step(log, logged, before))
    if not steps:
        raise RunError(f"the run {log.folder} has no step {number}")
    return steps


def _step(log: RunLog, logged: LoggedStep, before: str) -> DescentStep:
    source = source_of(log, logged.number)
    text = log.text(logged.number)
    assert logged.program is not None, "an admitted step has a program"
    assert logged.fitness is not None, "an admitted step has a fitness"
    assert logged.cell is not None, "an admitted step has a cell"
    return DescentStep(
        number=logged.number,
        operator=logged.operator,
        note=text.note if text else "",
        program=logged.program,
        source=source,
        fitness=logged.fitness,
        cell=logged.cell,
        measures=logged.measures,
        diff=tuple(diff_lines(before, source)),
    )


def diff_lines(before: str, after: str) -> list[DiffLine]:
    """Return the lines that changed with a little context, as a unified diff shows them."""
    old, new = before.split("\n") if before else [], after.split("\n")
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    lines: list[DiffLine] = []
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT_LINES)):
        if number or group[0][3] > 0:
            lines.append(DiffLine("@", 0, ""))
        for tag, a0, a1, b0, b1 in group:
            if tag == "equal":
                lines += [DiffLine(" ", k + 1, new[k]) for k in range(b0, b1)]
                continue
            lines += [DiffLine("-", k + 1, old[k]) for k in range(a0, a1)]
            lines += [DiffLine("+", k + 1, new[k]) for k in range(b0, b1)]
    return lines


def highlights(fitness: Sequence[float], count: int) -> list[int]:
    """Return the generations that gained most over all before, with the first and the last.

    Args:
        fitness: Of each generation, the seed first; not empty.
        count: How many to return at most, at least 2.
    """
    last = len(fitness) - 1
    gains = [value - max(fitness[:k], default=value) for k, value in enumerate(fitness)]
    between = sorted(range(1, last), key=lambda k: (-gains[k], k))
    return sorted({0, last, *between[: count - 2]})
