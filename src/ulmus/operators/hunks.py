"""Lines that differ between two programs, taken over in part: crossover of relatives."""

from __future__ import annotations

import random
from difflib import SequenceMatcher
from typing import NamedTuple

from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice
from ulmus.operators.view import View


class Hunk(NamedTuple):
    """A difference: the receiver's text from start to stop is `text` in the donor.

    Attributes:
        start: Offset in the receiver.
        stop: Offset in the receiver.
        text: The donor's lines, with the receiver's line endings.
        binds: Names that the donor binds in these lines.
        uses: Names that the donor's statements in these lines need.
    """

    start: int
    stop: int
    text: str
    binds: frozenset[str]
    uses: frozenset[str]


def hunks(receiver: View, donor: View) -> list[Hunk]:
    """Return what differs, line by line, in order."""
    mine = [receiver.text.line(n + 1).rstrip("\r\n") for n in range(receiver.text.num_lines)]
    theirs = [donor.text.line(n + 1).rstrip("\r\n") for n in range(donor.text.num_lines)]
    newline = receiver.text.newline
    found = []
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        span = (donor.text.starts[b0], donor.text.starts[b1])
        within = [s for s in donor.statements if span[0] <= s.start < span[1]]
        found.append(
            Hunk(
                receiver.text.starts[a0],
                receiver.text.starts[a1],
                "".join(line + newline for line in theirs[b0:b1]),
                frozenset(name for s in within for name in s.binds),
                frozenset(name for s in within for name in s.uses),
            )
        )
    return found


def take_hunks(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Take over some of the differences, and with them those that bind the names they need."""
    found = hunks(receiver, donor)
    if len(found) < 2:  # all or nothing would be one of the parents
        return None
    taken = {position for position in range(len(found)) if rng.random() < 0.4}
    taken.add(found.index(pick(rng, found)))
    known = {name for scope in receiver.scopes.scopes for name in scope.bound}
    for _ in range(3):
        needed = {name for position in taken for name in found[position].uses} - known
        needed -= {name for position in taken for name in found[position].binds}
        more = {position for position, hunk in enumerate(found) if hunk.binds & needed} - taken
        if not more:
            break
        taken |= more
    if len(taken) == len(found):
        return None
    splices = tuple(Splice(*found[position][:3]) for position in sorted(taken))
    return Change(splices, f"{len(taken)} of {len(found)} differences")
