"""Lines that differ between two programs, taken over in part: crossover of relatives."""

from __future__ import annotations

import ast
import random
from difflib import SequenceMatcher
from typing import NamedTuple

from ulmus.operators.draws import pick
from ulmus.operators.positions import Change, Splice, apply, parse
from ulmus.operators.scope import BUILTINS
from ulmus.operators.view import View


class Hunk(NamedTuple):
    """A difference: the receiver's text from start to stop is `text` in the donor.

    Attributes:
        start: Offset in the receiver.
        stop: Offset in the receiver.
        text: The donor's lines, with the receiver's line endings.
        binds: Names that the donor binds in these lines.
        loses: Names that the receiver binds in the lines that go.
        defines: True if a function begins in these lines, on either side: arguments change.
        uses: Names that the donor's statements in these lines need.
    """

    start: int
    stop: int
    text: str
    binds: frozenset[str]
    loses: frozenset[str]
    defines: bool
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
        start, stop = receiver.text.starts[a0], receiver.text.starts[a1]
        gone = [s for s in receiver.statements if start <= s.start < stop]
        found.append(
            Hunk(
                start,
                stop,
                "".join(line + newline for line in theirs[b0:b1]),
                frozenset(name for s in within for name in s.binds),
                frozenset(name for s in gone for name in s.binds),
                any(s.kind.endswith("Def") for s in (*within, *gone)),
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
    known = receiver.scopes.taken() | receiver.scopes.outside | BUILTINS
    for _ in range(3):
        needed = _needed(found, taken) - known
        more = {position for position, hunk in enumerate(found) if hunk.binds & needed} - taken
        if not more:
            break
        taken |= more
    if len(taken) == len(found):
        return None
    splices = tuple(Splice(*found[position][:3]) for position in sorted(taken))
    risky = (
        any(found[position].defines for position in taken)
        or _needed(found, taken) - known - donor.scopes.outside
        or _lost(receiver, found, taken)
    )
    if risky and _strays(receiver, donor, splices):
        return None
    return Change(splices, f"{len(taken)} of {len(found)} differences")


def _lost(receiver: View, found: list[Hunk], taken: set[int]) -> set[str]:
    """Return the names that might have no value any more when the taken hunks are in."""
    hunks_in = [found[position] for position in sorted(taken)]
    lost = {name for hunk in hunks_in for name in hunk.loses}
    lost -= {name for hunk in hunks_in for name in hunk.binds}
    if lost:
        for s in receiver.statements:
            if s.body < 0 and not any(h.start <= s.start < h.stop for h in hunks_in):
                lost.difference_update(s.binds)
    return lost


def _needed(found: list[Hunk], taken: set[int]) -> set[str]:
    """Return the names that the taken hunks use and do not bind."""
    uses = {name for position in taken for name in found[position].uses}
    return uses - {name for position in taken for name in found[position].binds}


def _strays(receiver: View, donor: View, splices: tuple[Splice, ...]) -> bool:
    """Tell whether a child would use a name that nothing binds and neither parent needs."""
    tree = parse(apply(receiver.source, splices))
    outside = receiver.scopes.outside | donor.scopes.outside | BUILTINS
    return tree is None or bool(unbound(tree) - outside)


def unbound(tree: ast.Module) -> set[str]:
    """Return the names that a program uses and binds nowhere."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    return used - bound
