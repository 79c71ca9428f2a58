"""Children that were there before are drawn again, the same way however a batch is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from ulmus.records import Proposal

Draw = Callable[[int, Sequence[int]], Sequence[Proposal]]
"""From the number of a draw, 0 for the first, and places to the proposals of these places."""


def drawn_anew(attempts: Sequence[int], seen: AbstractSet[str], draw: Draw) -> list[Proposal]:
    """Return a proposal for each place, the first of its draws that is no copy.

    A copy is a program that was seen, or that stands at a place before. If all draws are, or come
    to nothing, the first one counts. A first draw that comes to nothing is not repeated: that is
    for the operator to do.

    Args:
        attempts: For each place the most draws, at least 1.
        seen: Hashes of the programs that there were before.
        draw: Draws; what it gives for a place must not depend on the other places.
    """
    drawn = [[proposal] for proposal in draw(0, range(len(attempts)))]
    while True:
        chosen, waiting = _choose(drawn, attempts, seen)
        if not waiting:
            return chosen
        for number in sorted({len(drawn[place]) for place in waiting}):
            places = [place for place in waiting if len(drawn[place]) == number]
            for place, proposal in zip(places, draw(number, places), strict=True):
                drawn[place].append(proposal)


def _choose(
    drawn: Sequence[Sequence[Proposal]], attempts: Sequence[int], seen: AbstractSet[str]
) -> tuple[list[Proposal], list[int]]:
    """Return what is chosen of the draws so far, and the places at which another one is due."""
    before: set[str] = set()
    chosen, waiting = [], []
    for place, mine in enumerate(drawn):
        found = next((one for one in mine if _is_new(one, seen, before)), None)
        if found is None and mine[0].program is not None and len(mine) < attempts[place]:
            waiting.append(place)
        best = found or mine[0]
        if best.program is not None:
            before.add(best.program.hash)
        chosen.append(best)
    return chosen, waiting


def _is_new(proposal: Proposal, *seen: AbstractSet[str]) -> bool:
    program = proposal.program
    return program is not None and not any(program.hash in some for some in seen)
