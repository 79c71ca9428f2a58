"""Crossover: parts of a second parent in the text of the first.

Relatives mostly exchange the lines in which they differ. Strangers give statements, functions,
expressions and numbers; names are matched by role and helper functions come along. Like `syntax`
it splices text, so that a child reads like a program that a person merged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate

from ulmus.operators.cache import VIEWS, refusal_of
from ulmus.operators.draws import weighted
from ulmus.operators.grafts import (
    add_function,
    graft_arguments,
    graft_expression,
    graft_function,
    graft_statement,
)
from ulmus.operators.hunks import take_hunks
from ulmus.operators.positions import NEWLINE, Change, apply, overlap
from ulmus.operators.syntax import MAX_CHARS, MAX_LINES
from ulmus.operators.validity import child_parses
from ulmus.operators.view import View
from ulmus.records import Program, Proposal

VERSION = 2
"""Goes up whenever the same parents and generator give another child."""

Graft = Callable[[View, View, random.Random], Change | None]

GRAFTS: dict[str, tuple[float, Graft]] = {
    "lines": (40, take_hunks),
    "statement": (25, graft_statement),
    "numbers": (15, graft_arguments),
    "expression": (10, graft_expression),
    "function": (5, graft_function),
    "second": (5, add_function),
}
"""Weight and maker of each kind of graft."""

_TRIES = 10  # grafts that are tried until a child parses, is new and is not too long


class Crossover:
    """Proposes programs that take parts of the second parent into the first."""

    name = "crossover"
    arity = 2
    replayable = True

    def __init__(self) -> None:
        self._kinds = list(GRAFTS)
        self._weights = list(accumulate(weight for weight, _ in GRAFTS.values()))

    @property
    def identity(self) -> str:
        """Name and version; part of a run's identity."""
        return f"{self.name}/{VERSION}"

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one child per pair of parents, see `Operator.propose`.

        Refusals are "parent does not parse", "parent is too long", "parents are the same" and
        "nothing fits".
        """
        return [self._child(pair[0], pair[1], rng) for pair, rng in zip(parents, rngs, strict=True)]

    def _child(self, first: Program, second: Program, rng: random.Random) -> Proposal:
        origin = (first.hash, second.hash)
        receiver, donor = (VIEWS.view(parent.source) for parent in (first, second))
        if receiver is None or donor is None:
            missing = first if receiver is None else second
            return Proposal(self.name, origin, None, refusal=refusal_of(missing.source))
        if first.source == second.source:
            return Proposal(self.name, origin, None, refusal="parents are the same")
        for _ in range(_TRIES):
            kind = self._kinds[weighted(rng, self._weights)]
            change = GRAFTS[kind][1](receiver, donor, rng)
            source = None if change is None else _grafted(receiver, donor, change)
            if change is not None and source is not None:
                note = f"{kind}: {change.note}"
                return Proposal(self.name, origin, Program(source), note=note)
        return Proposal(self.name, origin, None, refusal="nothing fits")


def _grafted(receiver: View, donor: View, change: Change) -> str | None:
    """Return the text of a child, None if it is not worth running."""
    if overlap(change.splices):
        return None
    newline = receiver.text.newline
    splices = [splice._replace(text=NEWLINE.sub(newline, splice.text)) for splice in change.splices]
    source = apply(receiver.source, splices)
    longer = len(source) > len(receiver.source)
    too_long = len(source) > MAX_CHARS or source.count("\n") > MAX_LINES
    if source in (receiver.source, donor.source) or (longer and too_long):
        return None
    return source if child_parses(receiver, splices, source) else None
