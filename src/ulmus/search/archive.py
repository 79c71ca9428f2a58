"""The map: the best program known for each cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ulmus.grid import cell_of
from ulmus.records import Evaluation, Measure, Placement, Program


@dataclass(frozen=True)
class Elite:
    """The champion of a cell."""

    program: Program
    fitness: float
    measures: tuple[float, ...]


class Archive:
    """The champions by cell, in the order in which the cells were opened.

    A program takes a cell if the cell is empty, if its fitness is higher than the champion's, or
    if the fitness is equal and its text is shorter. The paper reports parsimony pressure without
    a mechanism (ELM, appendix F); ties are where it costs nothing.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.measures = tuple(measures)
        self._elites: dict[int, Elite] = {}
        self._cells: list[int] = []

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[tuple[int, Elite]]:
        """Iterate over (cell, elite) in ascending order of cells."""
        return iter(sorted(self._elites.items()))

    def elite(self, cell: int) -> Elite | None:
        """Return the champion of a cell, None if the cell is empty."""
        return self._elites.get(cell)

    def nth(self, position: int) -> Elite:
        """Return the champion of the cell that was opened as number `position`."""
        return self._elites[self._cells[position]]

    def judge(self, program: Program, evaluation: Evaluation) -> tuple[Placement, int | None]:
        """Say what would become of a program, and in which cell, without changing the map."""
        if evaluation.fitness is None:
            return Placement.INVALID, None
        cell = cell_of(self.measures, evaluation.measures)
        rival = self._elites.get(cell)
        if rival is None:
            return Placement.NEW, cell
        if evaluation.fitness > rival.fitness:
            return Placement.IMPROVED, cell
        shorter = len(program.source) < len(rival.program.source)
        if evaluation.fitness == rival.fitness and shorter:
            return Placement.IMPROVED, cell
        return Placement.KEPT_OUT, cell

    def put(self, cell: int, elite: Elite) -> None:
        """Make a program the champion of a cell, whoever was there before."""
        if cell not in self._elites:
            self._cells.append(cell)
        self._elites[cell] = elite

    @property
    def qd_score(self) -> float:
        """The sum of the champions' fitness (the QD score of ELM), rounded once."""
        return math.fsum(elite.fitness for elite in self._elites.values())

    @property
    def best(self) -> tuple[int, Elite] | None:
        """The cell and the champion of highest fitness, of the lowest cell if several tie."""
        if not self._elites:
            return None
        return max(self, key=lambda entry: (entry[1].fitness, -entry[0]))
