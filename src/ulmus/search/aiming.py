"""What to ask of an edit: the effect whose cell has most to gain.

An operator that can be told what its edit is to do lists the effects that it knows, with the share
that each had in its training. Of a few that are drawn by these shares, the one is asked for whose
cell the parent, moved there as it is, would win by most; an empty cell is worth the whole fitness.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate

from ulmus.effects import Effect, read_effect
from ulmus.grid import bins_of
from ulmus.records import Measure
from ulmus.search.archive import Archive

DRAWS = 8
"""Effects that are looked at for one child."""

STAY = 0.05
"""Gain of a fitter program of the same shape, as a share of the parent's fitness."""


class Aim:
    """Chooses what a child is asked to be."""

    def __init__(self, wishes: Mapping[str, float], measures: Sequence[Measure]) -> None:
        """Keep the messages that speak of these measures, with their shares."""
        read = {text: read_effect(text, measures) for text in wishes}
        self._effects = [(text, effect) for text, effect in read.items() if effect is not None]
        self._shares = list(accumulate(wishes[text] for text, _ in self._effects))
        self._measures = measures

    def __bool__(self) -> bool:
        """Tell whether there is anything to ask for."""
        return bool(self._effects)

    def choose(self, archive: Archive, cell: int, fitness: float, rng: random.Random) -> str:
        """Return the message for a child.

        Args:
            archive: The map.
            cell: Cell of the parent.
            fitness: Fitness of the parent.
            rng: Draws the effects.
        """
        drawn = rng.choices(self._effects, cum_weights=self._shares, k=DRAWS)
        return max(drawn, key=lambda entry: self._gain(archive, cell, fitness, entry[1]))[0]

    def _gain(self, archive: Archive, cell: int, fitness: float, effect: Effect) -> float:
        target = self._target(cell, effect)
        if target is None:
            return -1.0
        if target == cell:
            return STAY * fitness if effect.fitter else 0.0
        rival = archive.elite(target)
        return fitness if rival is None else max(0.0, fitness - rival.fitness)

    def _target(self, cell: int, effect: Effect) -> int | None:
        """Return the cell to which an effect leads; None beyond the map."""
        target = 0
        pairs = zip(self._measures, bins_of(self._measures, cell), effect.moves, strict=True)
        for measure, position, move in pairs:
            if not 0 <= position + move < measure.bins:
                return None
            target = target * measure.bins + position + move
        return target
