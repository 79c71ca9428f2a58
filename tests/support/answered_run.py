"""A run of the operator diff that nobody searched for: answers with their fates, written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ulmus.records import Evaluation, Placement, Program, Proposal, Step
from ulmus.runs.log import RunLog

SEED = "def make_walker():\n    a = 1\n    return a\n"


@dataclass(frozen=True)
class Asked:
    """A child: its parent, what the model was asked and said, and what became of it."""

    parent: str
    message: str
    answer: str | None
    fate: Placement
    source: str | None = None
    operator: str = "diff"
    refusal: str = "child does not parse"


def child_of(parent: str, number: int) -> str:
    """Return the program that `answer(number)` makes of a parent."""
    lines = parent.split("\n")
    return "\n".join([lines[0], f"    a = {number}", *lines[2:]])


def answer(number: int) -> str:
    """Return an edit that sets a to a number."""
    return f"@@ 2\n    a = {number}"


def taken(
    parent: str, message: str, number: int, fate: Placement = Placement.NEW, source: str = ""
) -> Asked:
    """Return a child that the map took, or kept out."""
    return Asked(parent, message, answer(number), fate, source or child_of(parent, number))


def refused(parent: str, message: str, number: int) -> Asked:
    """Return an answer that has no child; its form is right, its Python is not."""
    return Asked(parent, message, f"@@ 2\n    a = = {number}", Placement.REFUSED)


def invalid(parent: str, message: str, number: int) -> Asked:
    """Return a child that is no walker."""
    text = f"@@ 2\n    a = bad({number})"
    return Asked(parent, message, text, Placement.INVALID, child_of(parent, -number))


def write_run(folder: Path, children: Iterable[Asked], seed: str = SEED) -> Path:
    """Write a run: the seed, then each child in a batch of its own."""
    manifest = {"identity": {"seed": 1}, "config": {"diff": {"max_tokens": 64}}}
    with RunLog.create(folder, manifest) as log:
        proposal = Proposal("seed", (), Program(seed))
        steps = [Step(0, 0, proposal, Evaluation(1.0, (1.0,)), Placement.NEW, 0)]
        steps += [_step(number, child) for number, child in enumerate(children, start=1)]
        for step in steps:
            log.append(
                [step], replayable={"syntax": True, "diff": False}, elapsed_s=1.0, parts_s={}
            )
    return folder


def _step(batch: int, child: Asked) -> Step:
    parents = (Program(child.parent).hash,)
    program = None if child.source is None else Program(child.source)
    refusal = child.refusal if program is None else None
    proposal = Proposal(child.operator, parents, program, refusal, child.message, child.answer)
    evaluation = None
    if child.fate is Placement.INVALID:
        evaluation = Evaluation.invalid("walker: nothing returned")
    elif child.fate.admitted or child.fate is Placement.KEPT_OUT:
        evaluation = Evaluation(1.0, (1.0,))
    cell = 0 if evaluation is not None and evaluation.reason is None else None
    return Step(batch, 0, proposal, evaluation, child.fate, cell)


def family(folder: Path, parents: int = 8, first: int = 10) -> Path:
    """Write a run in which each program has taken, invalid and refused answers of two messages.

    Each parent is a child of the one before, so that there are several lineages.
    """
    children: list[Asked] = []
    parent = SEED
    for generation in range(parents):
        numbers = [first + 10 * generation + place for place in range(6)]
        for place, number in enumerate(numbers):
            message = ("Make it faster", "Fixed bugs.")[place % 2]
            source = f"{child_of(parent, number)}# {number}\n"
            children.append(taken(parent, message, number, source=source))
            make = (refused, invalid)[place // 2 % 2]
            children.append(make(parent, message, number))
        parent = f"{child_of(parent, numbers[0])}# {numbers[0]}\n"
    return write_run(folder, children)
