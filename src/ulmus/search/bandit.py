"""How the shares of operators follow what their children came to.

Probability matching with a floor (Thierens, "An adaptive pursuit strategy for allocating operator
probabilities", GECCO 2005): the share of an operator is proportional to what it gained per child
of late. The bandit of Multi-Emitter MAP-Elites (Cully 2021, arXiv 2007.05352) counts the children
that enter the map, too. How this departs from both:

- Cully's UCB1 gives all to the operator that looks best and is generous to one that was hardly
  tried. Here the starting weight stays a factor of the share: a language model that got 2 %
  because it is dear does not get half of the children for being unknown, and half the gain means
  half the share, not none.
- What was seen fades, as a map of 100 cells rewards others than one of 1,000.
- A new cell counts twice as much as an improvement.
- Parents of different length are counted apart: operators differ in what long texts do to them.

Nothing here draws at random. The state is a fold over the steps of whole batches, in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from ulmus.records import Placement, Program

LIMITS = (1000, 1500)
"""Characters at which the next context of parents begins."""

HALF_LIFE = 2000
"""Children of a context after which what was seen counts half."""

PATIENCE = 16
"""Children that every operator is credited with beforehand, as good as the mean of all: what a
first few children came to is no reason yet."""

FLOOR = 0.2
"""Part of its starting share that an operator keeps whatever becomes of its children."""

GAINS = {Placement.NEW: 1.0, Placement.IMPROVED: 0.5}
"""What a child counts; refusals, duplicates and all else count nothing."""


@dataclass(frozen=True)
class Credit:
    """What became of the children of an operator, the older ones faded.

    Attributes:
        children: How many there were.
        gain: What they counted together.
    """

    children: float = 0.0
    gain: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One child.

    Attributes:
        batch: Number of its batch.
        operator: Name of its operator.
        context: Context of its first parent; None if it has none, then it counts in all.
        gain: What it counts.
    """

    batch: int
    operator: str
    context: int | None
    gain: float


def context_of(program: Program) -> int:
    """Return the context that children of a program belong to."""
    return bisect_right(LIMITS, len(program.source))


def learned(credits: Mapping[str, Credit], trials: Sequence[Trial]) -> dict[str, Credit]:
    """Return the credits by operator after the children of one more batch."""
    kept = 0.5 ** (len(trials) / HALF_LIFE)
    after = {name: Credit(kept * c.children, kept * c.gain) for name, c in credits.items()}
    for trial in trials:
        before = after.get(trial.operator, Credit())
        after[trial.operator] = Credit(before.children + 1, before.gain + trial.gain)
    return after


def shares(
    names: Sequence[str], weights: Sequence[float], credits: Mapping[str, Credit]
) -> tuple[float, ...]:
    """Return the share of each operator; they sum to 1.

    share = FLOOR * start + (1 - FLOOR) * start * rate / (sum of start * rate over all operators)

    where start is the operator's part of the weights and rate its gain per child, PATIENCE
    children with the mean rate included. Limit cases: equal rates, or no gain at all, leave the
    starting shares; one operator that alone gains anything gets all but the floors of the others.
    """
    whole = fsum(weights)
    starts = [weight / whole for weight in weights]
    known = {name: credits.get(name, Credit()) for name in names}
    children = sum(credit.children for credit in known.values())
    mean = fsum(credit.gain for credit in known.values()) / children if children else 0.0
    if not mean:
        return tuple(starts)
    # divided by the mean, since gains that fade for ever are too small to be multiplied
    rates = {
        name: (c.gain / mean + PATIENCE) / (c.children + PATIENCE) for name, c in known.items()
    }
    parts = [start * rates[name] for name, start in zip(names, starts, strict=True)]
    total = fsum(parts)
    return tuple(
        FLOOR * start + (1 - FLOOR) * part / total
        for start, part in zip(starts, parts, strict=True)
    )


class Bandit:
    """The shares of a search, as far as its batches may count already."""

    def __init__(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Start with the weights; operators of one name are counted together."""
        self._names = tuple(names)
        self._weights = tuple(weights)
        self._credits: list[dict[str, Credit]] = [{} for _ in range(len(LIMITS) + 1)]
        self._shares = [self._matched(credits) for credits in self._credits]
        self._contexts: dict[str, int] = {}  # of each program that may be a parent, by hash
        self._waiting: deque[Trial] = deque()  # children that do not count yet

    def shares(self, parent: Program | None) -> tuple[float, ...]:
        """Return the shares by which the operator for a first parent is drawn."""
        return self._shares[0 if parent is None else context_of(parent)]

    def note(
        self,
        batch: int,
        operator: str,
        parents: Sequence[str],
        placement: Placement,
        program: Program | None,
    ) -> None:
        """Take note of a child, in the order of the run; it counts once `show` says so.

        Args:
            batch: Number of its batch.
            operator: Name of its operator; seeds have none that is known here.
            parents: Hashes of its parents.
            placement: What became of it.
            program: The child; needed only if it was admitted.
        """
        if placement.admitted and program is not None:
            self._contexts[program.hash] = context_of(program)
        if operator in self._names:
            context = self._contexts.get(parents[0]) if parents else None
            self._waiting.append(Trial(batch, operator, context, GAINS.get(placement, 0.0)))

    def show(self, last_batch: int) -> None:
        """Let the children of batches up to this one count; each batch must be whole."""
        while self._waiting and self._waiting[0].batch <= last_batch:
            batch, trials = self._waiting[0].batch, []
            while self._waiting and self._waiting[0].batch == batch:
                trials.append(self._waiting.popleft())
            for context, credits in enumerate(self._credits):
                mine = [trial for trial in trials if trial.context in (None, context)]
                self._credits[context] = learned(credits, mine)
                self._shares[context] = self._matched(self._credits[context])

    def _matched(self, credits: Mapping[str, Credit]) -> tuple[float, ...]:
        return shares(self._names, self._weights, credits)
