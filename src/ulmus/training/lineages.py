"""Lineages of a run: what descends from one early program is held out together, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ulmus.runs.log import LoggedStep
from ulmus.seeding import derive

LINEAGE_DEPTH = 2
"""The ancestor of this generation names the lineage of a program; the seed is generation 0."""

HELD_OUT = 0.05
"""Share of the programs or edits of a run that is held out; 5 % in the paper, section 4.1."""


class Lineages:
    """Names the lineage of each admitted step of a run; the steps are told in order."""

    def __init__(self) -> None:
        self._depth: dict[int, int] = {}
        self._lineage: dict[int, int] = {}

    def add(self, step: LoggedStep) -> int:
        """Return the lineage of an admitted step: the number of the step that names it."""
        parent = step.parents[0] if step.parents else None
        self._depth[step.number] = 0 if parent is None else self._depth[parent] + 1
        if parent is None or self._depth[step.number] <= LINEAGE_DEPTH:
            self._lineage[step.number] = step.number
        else:
            self._lineage[step.number] = self._lineage[parent]
        return self._lineage[step.number]


def lineages_apart(lineages: Sequence[int], seed: int, share: float) -> frozenset[int]:
    """Choose lineages that make up about a share, in an order that the seed decides.

    Args:
        lineages: The lineage of each program or edit of one run.
        seed: Of the choice.
        share: At most so much is chosen; 1 chooses all.
    """
    if share >= 1:
        return frozenset(lineages)
    sizes = Counter(lineages)
    chosen, room = set(), share * len(lineages)
    for lineage in sorted(sizes, key=lambda number: derive(seed, "lineage", number, 0)):
        if sizes[lineage] <= room:
            chosen.add(lineage)
            room -= sizes[lineage]
    return frozenset(chosen)
