"""Lines that differ between two programs, taken over in part: crossover of relatives."""

from __future__ import annotations

import random
import re
from difflib import SequenceMatcher
from typing import NamedTuple

from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice, apply
from ulmus.operators.scope import BUILTINS
from ulmus.operators.view import Statement, View

_BINDING = frozenset({"For", "FunctionDef", "ClassDef", "AsyncFor", "AsyncFunctionDef"})
"""Compound statements whose first line binds a name: the first one of what they bind."""


class Hunk(NamedTuple):
    """A difference: the receiver's text from start to stop is `text` in the donor.

    Attributes:
        start: Offset in the receiver.
        stop: Offset in the receiver.
        text: The donor's lines, with the receiver's line endings.
        binds: Names that the donor binds in these lines.
        loses: Names that the receiver binds in the lines that go.
        uses: Names that the donor's statements in these lines need.
    """

    start: int
    stop: int
    text: str
    binds: frozenset[str]
    loses: frozenset[str]
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
        start, stop = receiver.text.starts[a0], receiver.text.starts[a1]
        gone = _between(receiver, start, stop)
        come = _between(donor, donor.text.starts[b0], donor.text.starts[b1])
        found.append(
            Hunk(
                start,
                stop,
                "".join(line + newline for line in theirs[b0:b1]),
                frozenset(name for s in come for name in _bound_by(donor, s)),
                frozenset(name for s in gone for name in _bound_by(receiver, s)),
                frozenset(name for s in come for name in s.uses),
            )
        )
    return found


def _between(view: View, start: int, stop: int) -> list[Statement]:
    return [s for s in view.statements if start <= s.start < stop]


def _bound_by(view: View, statement: Statement) -> set[str]:
    """Return the names that the first lines of a statement bind, arguments included."""
    names = set(statement.binds)
    end = statement.body if statement.body >= 0 else statement.stop
    for scope in view.scopes.scopes:
        if scope.kind == "function" and statement.start <= scope.opened < end:
            names.update(name for name, bound in scope.bound.items() if bound == scope.opened)
    return names


def take_hunks(receiver: View, donor: View, rng: random.Random) -> Change | None:
    """Take over some of the differences, and with them those that bind the names they need."""
    found = hunks(receiver, donor)
    if len(found) < 2:  # all or nothing would be one of the parents
        return None
    taken = {position for position in range(len(found)) if rng.random() < 0.4}
    taken.add(found.index(pick(rng, found)))
    known = receiver.scopes.taken() | receiver.scopes.outside | donor.scopes.outside | BUILTINS
    for _ in range(3):
        needed = _needed(found, taken) - known
        more = {position for position, hunk in enumerate(found) if hunk.binds & needed} - taken
        if not more:
            break
        taken |= more
    chosen = [found[position] for position in sorted(taken)]
    if len(chosen) == len(found) or _needed(found, taken) - known:
        return None
    splices = tuple(Splice(*hunk[:3]) for hunk in chosen)
    if _strays(receiver, chosen, apply(receiver.source, splices)):
        return None
    return Change(splices, f"{len(chosen)} of {len(found)} differences")


def _needed(found: list[Hunk], taken: set[int]) -> set[str]:
    """Return the names that the taken hunks use and do not bind."""
    uses = {name for position in taken for name in found[position].uses}
    return uses - {name for position in taken for name in found[position].binds}


def _strays(receiver: View, chosen: list[Hunk], source: str) -> bool:
    """Tell whether a child still has a name in it that nothing binds any more."""
    lost = {name for hunk in chosen for name in hunk.loses}
    lost -= {name for hunk in chosen for name in hunk.binds}
    if not lost:
        return False
    for s in receiver.statements:
        if not any(hunk.start <= s.start < hunk.stop for hunk in chosen):
            if s.body < 0:
                lost.difference_update(s.binds)
            elif s.kind in _BINDING:  # what its body binds may be gone, its first line is not
                lost.difference_update(s.binds[:1], _bound_by(receiver, s) - set(s.binds))
    return any(re.search(rf"\b{re.escape(name)}\b", source) for name in lost)
