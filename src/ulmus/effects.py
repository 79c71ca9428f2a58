"""What an edit does to the place of a program in the map, as a message for a diff model.

    "More height, much less mass, fitter."

An accepted edit is told to the model as what it did, after the fact, as a commit message tells it;
the search then asks for what it lacks. The paper's three messages say nothing about the effect, so
a model that is trained on them proposes what was accepted most often: a better program of the same
measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ulmus.grid import bins_of
from ulmus.records import Measure

FAR = 2
"""Cells from which a move is called "much"."""

_WORDS = {1: "more", 2: "much more", -1: "less", -2: "much less"}
_FITTER, _SAME = "fitter", "same shape"


@dataclass(frozen=True)
class Effect:
    """What an edit does.

    Attributes:
        moves: For each measure -2 to 2: how many cells lower or higher, 2 standing for more, too.
        fitter: Whether the child's fitness is higher than its parent's.
    """

    moves: tuple[int, ...]
    fitter: bool

    @staticmethod
    def of(
        measures: Sequence[Measure], before: tuple[int, float], after: tuple[int, float]
    ) -> Effect:
        """Return the effect of an edit, given cell and fitness of parent and child."""
        pairs = zip(bins_of(measures, before[0]), bins_of(measures, after[0]), strict=True)
        moves = tuple(max(-FAR, min(FAR, new - old)) for old, new in pairs)
        return Effect(moves, after[1] > before[1])

    def message(self, measures: Sequence[Measure]) -> str:
        """Return the effect in words; `read_effect` is the way back."""
        parts = [
            f"{_WORDS[move]} {measure.name}"
            for measure, move in zip(measures, self.moves, strict=True)
            if move
        ]
        parts += [] if parts else [_SAME]
        parts += [_FITTER] if self.fitter else []
        text = ", ".join(parts)
        return f"{text[0].upper()}{text[1:]}."


def read_effect(message: str, measures: Sequence[Measure]) -> Effect | None:
    """Return the effect that a message speaks of, None if it speaks of something else."""
    known = {
        f"{words} {measure.name}": (axis, move)
        for axis, measure in enumerate(measures)
        for move, words in _WORDS.items()
    }
    moves = [0] * len(measures)
    fitter = False
    for part in (message[:1].lower() + message[1:].removesuffix(".")).split(", "):
        if part == _FITTER:
            fitter = True
        elif part in known:
            axis, move = known[part]
            moves[axis] = move
        elif part != _SAME:
            return None
    return Effect(tuple(moves), fitter)
