"""Blind mutation: one to four typed edits of the text of a program, steered by its syntax tree.

No model and no knowledge of what the program is for; the baseline that a learned operator has to
beat. How it departs from the tree mutation of the paper (arXiv 2206.08896): it edits
real Python text, so comments and layout survive and a child reads like a program that a person
changed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from ulmus.errors import ConfigError, unknown_name
from ulmus.operators.arguments import (
    add_element,
    change_argument,
    drop_element,
    fewer_arguments,
    more_arguments,
    swap_arguments,
)
from ulmus.operators.cache import VIEWS, refusal_of
from ulmus.operators.constants import change_number
from ulmus.operators.draws import weighted
from ulmus.operators.growth import new_parameter, repeat_call, rescale, twin
from ulmus.operators.indices import keep_in_reach
from ulmus.operators.loops import change_range, guard, unwrap, wrap_in_loop
from ulmus.operators.positions import Change, Splice, apply, overlap
from ulmus.operators.statements import copy_statement, delete_statement, move_statement
from ulmus.operators.substitutions import (
    flip_flag,
    negate_condition,
    replace_expression,
    scale_expression,
    swap_operator,
    wrap_number,
)
from ulmus.operators.validity import child_parses
from ulmus.operators.view import View
from ulmus.records import Program, Proposal

VERSION = 2
"""Goes up whenever the same parent and generator give another child."""

MAX_CHARS = 3_000
MAX_LINES = 100
"""Beyond this length a program gets no more statements and loses some; from half of it on, more
and more edits are cuts. So the time per child stays bounded however long a run lasts."""

Kind = Callable[[View, random.Random], Change | None]

KINDS: dict[str, tuple[float, Kind]] = {
    "number": (28, change_number),
    "argument": (12, change_argument),
    "expression": (9, replace_expression),
    "wrap": (3, wrap_number),
    "scale": (4, scale_expression),
    "operator": (4, swap_operator),
    "flag": (2, flip_flag),
    "negate": (1, negate_condition),
    "swap": (4, swap_arguments),
    "more": (3, more_arguments),
    "fewer": (1, fewer_arguments),
    "add": (2, add_element),
    "drop": (1, drop_element),
    "copy": (3, copy_statement),
    "move": (1, move_statement),
    "delete": (5, delete_statement),
    "repeat": (5, repeat_call),
    "twin": (8, twin),
    "loop": (7, wrap_in_loop),
    "guard": (1, guard),
    "unwrap": (1, unwrap),
    "range": (3, change_range),
    "rescale": (7, rescale),
    "parameter": (1, new_parameter),
}
"""Weight and maker of each kind of edit."""

_FULL = {"delete": 20.0, "drop": 4.0, "fewer": 2.0, "number": 4.0, "flag": 1.0, "operator": 1.0}
"""Kinds and weights for programs beyond the length: most cut, none adds a statement."""

_NUM_EDITS = (0.3, 0.6, 0.85, 1.0)  # how often at most one, two, three, four edits are drawn
_NEAR_INDICES = frozenset({"number", "argument", "expression", "wrap", "operator"})
_TRIES = 8  # children that are tried until one parses and differs from its parent
_DRAWS = 6  # kinds that are drawn for one edit until one finds something to do


def make_edit(kind: str, view: View, rng: random.Random) -> Change | None:
    """Return an edit of a kind, with the kind in front of its note; None if nothing was found."""
    change = KINDS[kind][1](view, rng)
    if change is None:
        return None
    splices = change.splices
    if kind in _NEAR_INDICES:
        splices = tuple(keep_in_reach(view, splices))
    return Change(splices, f"{kind}: {change.note}")


class SyntaxMutation:
    """Proposes programs that differ from their parent by one to four edits."""

    name = "syntax"
    arity = 1
    replayable = True

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        """Set up.

        Args:
            weights: Weights of kinds of edit that shall differ from those in `KINDS`; 0 leaves
                a kind out.

        Raises:
            ConfigError: An unknown kind, a negative weight, or nothing left.
        """
        self._changed = dict(sorted((weights or {}).items()))
        for kind, weight in self._changed.items():
            if kind not in KINDS:
                raise unknown_name("kind of edit", kind, KINDS)
            if not 0 <= weight < float("inf"):
                raise ConfigError(f"the weight of {kind!r} must be at least 0, not {weight}")
        effective = {kind: self._changed.get(kind, default) for kind, (default, _) in KINDS.items()}
        self._kinds = [kind for kind, weight in effective.items() if weight > 0]
        if not self._kinds:
            raise ConfigError("all kinds of edit have weight 0")
        self._weights = list(accumulate(effective[kind] for kind in self._kinds))
        self._full_kinds = list(_FULL)
        self._full_weights = list(accumulate(_FULL.values()))

    @property
    def identity(self) -> str:
        """Name, version and changed weights; part of a run's identity."""
        changed = ", ".join(f"{kind}={float(weight)!r}" for kind, weight in self._changed.items())
        return f"{self.name}/{VERSION}" + (f" ({changed})" if changed else "")

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one child per parent, see `Operator.propose`.

        Refusals are "parent does not parse", "parent is too long" and "no edit found".
        """
        return [self._child(parent[0], rng) for parent, rng in zip(parents, rngs, strict=True)]

    def _child(self, parent: Program, rng: random.Random) -> Proposal:
        origin = (parent.hash,)
        view = VIEWS.view(parent.source)
        if view is None:
            return Proposal(self.name, origin, None, refusal=refusal_of(parent.source))
        for _ in range(_TRIES):
            changes = self._changes(view, rng)
            splices = [splice for change in changes for splice in change.splices]
            source = apply(view.source, splices)
            if source != view.source and child_parses(view, splices, source):
                note = "; ".join(change.note for change in changes)
                return Proposal(self.name, origin, Program(source), note=note)
        return Proposal(self.name, origin, None, refusal="no edit found")

    def _changes(self, view: View, rng: random.Random) -> list[Change]:
        """Draw one to four edits that do not touch the same text."""
        wanted = 1 + weighted(rng, _NUM_EDITS)
        changes: list[Change] = []
        splices: list[Splice] = []
        for _ in range(wanted):
            change = self._change(view, rng)
            if change is not None and not overlap([*splices, *change.splices]):
                changes.append(change)
                splices.extend(change.splices)
        return changes

    def _change(self, view: View, rng: random.Random) -> Change | None:
        fill = max(len(view.source) / MAX_CHARS, view.text.num_lines / MAX_LINES)
        full = fill > 1 or (fill > 0.5 and rng.random() < fill - 0.5)
        kinds = self._full_kinds if full else self._kinds
        weights = self._full_weights if full else self._weights
        for _ in range(_DRAWS):
            kind = kinds[weighted(rng, weights)]
            change = make_edit(kind, view, rng)
            if change is not None:
                return change
        return None
