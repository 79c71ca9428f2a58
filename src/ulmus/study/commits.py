"""The study of real bugs: one proposal for a held-out commit that fixed one function.

The paper (arXiv 2206.08896, section 5) repairs two toy programs; this asks the same of bugs that
people made. Nothing is run: a child counts when it is the fix that was committed, up to the names
of local variables. That is strict, since a bug can be fixed in many ways.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ulmus.errors import ConfigError
from ulmus.operators.base import Operator, WishingOperator
from ulmus.records import Json, Program, Proposal
from ulmus.seeding import derive, generator
from ulmus.study.drawn import Drawn, key_of
from ulmus.study.sameness import canonical
from ulmus.study.shares import Share
from ulmus.study.subjects import with_message

if TYPE_CHECKING:
    from ulmus.mining.sample import Sample

KIND, SPLIT, LEVELS = "fix", "test", ("func", "method")

TOGETHER = 32
"""Commits that a model is asked about at a time."""


@dataclass(frozen=True)
class Fix:
    """A commit that fixed one function.

    Attributes:
        parent: The function with the bug.
        message: What the commit says.
        target: Canonical form of the fixed function, see `ulmus.study.sameness.canonical`.
    """

    parent: Program
    message: str
    target: str = field(repr=False)


@dataclass(frozen=True)
class Attempt:
    """One sample.

    Attributes:
        fix: The commit.
        proposal: What the operator proposed.
    """

    fix: Fix
    proposal: Proposal

    @cached_property
    def form(self) -> str | None:
        """Canonical form of the child; None if there is none, or if it does not parse."""
        program = self.proposal.program
        return None if program is None else canonical(program.source)

    @property
    def applies(self) -> bool:
        """Tell whether there is a child."""
        return self.proposal.program is not None

    @property
    def parses(self) -> bool:
        """Tell whether the child is Python."""
        return self.form is not None

    @property
    def differs(self) -> bool:
        """Tell whether the child parses and is more than the parent with other local names."""
        return self.form is not None and self.form != canonical(self.fix.parent.source)

    @property
    def fixed(self) -> bool:
        """Tell whether the child is the fix up to the names of local variables."""
        return self.form is not None and self.form == self.fix.target


def held_out(samples: Iterable[Sample]) -> list[Fix]:
    """Return the fixes among the samples that no training saw, in the order of the file.

    Left out are fixes that a change of local names alone would undo, since every child that
    leaves the parent alone would count.
    """
    found = []
    for sample in samples:
        if (sample.kind, sample.split) != (KIND, SPLIT) or sample.level not in LEVELS:
            continue
        before, after = canonical(sample.before), canonical(sample.after)
        if before is not None and after is not None and before != after:
            found.append(Fix(Program(_ended(sample.before)), sample.message, after))
    return found


def study(
    operator: Operator,
    data: Path,
    num_samples: int,
    *,
    seed: int = 0,
    count: Callable[[int], None] = lambda size: None,
    drawn: Drawn | None = None,
) -> list[Attempt]:
    """Ask for one child per commit; commits come again if there are more samples than commits.

    Args:
        operator: Makes the children; told the message of the commit if it takes one.
        data: Folder or file of mined edits.
        num_samples: Number of children, at least 1.
        seed: Seed of all random choices.
        count: Called now and then with the number of samples since the call before.
        drawn: Holds what was drawn before, and gets what is drawn.

    Raises:
        ConfigError: The data hold no such commit.
        DataFormatError, ModelError: Unreadable data, or a broken model.
    """
    from ulmus.mining import read_edits

    fixes = held_out(read_edits(data))
    if not fixes:
        raise ConfigError(
            f"{data} holds no commit to study: kind {KIND}, split {SPLIT}, level func or method"
        )
    order = sorted(range(len(fixes)), key=lambda k: derive(seed, "commits/order", 0, k))
    asked = [
        (chosen, index)
        for place, chosen in enumerate(order[:num_samples])
        for index in range(len(range(place, num_samples, len(fixes))))
    ]
    attempts: list[Attempt] = []
    drawn = Drawn() if drawn is None else drawn
    identity = operator.identity

    def key(pair: tuple[int, int]) -> str:
        fix = fixes[pair[0]]
        return key_of(identity, fix.parent.hash, fix.message, seed, *pair)

    def draw(pairs: Sequence[tuple[int, int]]) -> list[Proposal]:
        rngs = [generator(seed, "commits/child", *pair) for pair in pairs]
        return _propose(operator, [fixes[chosen] for chosen, _ in pairs], rngs)

    for start in range(0, len(asked), TOGETHER):
        some = asked[start : start + TOGETHER]
        proposals = drawn.fill(some, key, draw)
        attempts += map(Attempt, [fixes[chosen] for chosen, _ in some], proposals)
        count(len(some))
    return attempts


def _propose(
    operator: Operator, fixes: Sequence[Fix], rngs: Sequence[random.Random]
) -> list[Proposal]:
    """Ask for a child of each; a model that takes a message per child answers all together."""
    if hasattr(operator, "wishes"):
        told = cast(WishingOperator, operator)
        return told.propose([[fix.parent] for fix in fixes], rngs, [fix.message for fix in fixes])
    return [
        proposal
        for fix, rng in zip(fixes, rngs, strict=True)
        for proposal in with_message(operator, fix.message).propose([[fix.parent]], [rng])
    ]


def summary(
    operator: Operator, data: Path, attempts: Sequence[Attempt], seed: int
) -> dict[str, Json]:
    """Return what `ulmus study commits --json` ends with; docs/study.md explains each key."""
    refusals = Counter(a.proposal.refusal for a in attempts if a.proposal.refusal is not None)
    fixed = {attempt.fix for attempt in attempts if attempt.fixed}
    return {
        "operator": operator.name,
        "identity": operator.identity,
        "data": str(data),
        "commits": len({attempt.fix for attempt in attempts}),
        "samples": len(attempts),
        "seed": seed,
        **{name: share.as_json() for name, share in shares(attempts).items()},
        "commits_fixed": len(fixed),
        "refusals": dict(refusals.most_common()),
    }


def children(attempts: Iterable[Attempt]) -> Iterator[dict[str, Json]]:
    """Yield what came of every sample."""
    for attempt in attempts:
        program = attempt.proposal.program
        yield {
            "message": attempt.fix.message,
            "parent": attempt.fix.parent.source,
            "source": None if program is None else program.source,
            "refusal": attempt.proposal.refusal,
            "answer": attempt.proposal.answer,
            "differs": attempt.differs,
            "fixed": attempt.fixed,
        }


def shares(attempts: Sequence[Attempt]) -> dict[str, Share]:
    """Return how many children apply, parse, differ from their parent and are the fix."""
    marks: dict[str, Callable[[Attempt], bool]] = {
        "applies": lambda attempt: attempt.applies,
        "parses": lambda attempt: attempt.parses,
        "differs": lambda attempt: attempt.differs,
        "fixed": lambda attempt: attempt.fixed,
    }
    return {name: Share(sum(map(mark, attempts)), len(attempts)) for name, mark in marks.items()}


def _ended(text: str) -> str:
    """Return a text that ends with a line feed, as program files do; mined units do not."""
    return text if text.endswith("\n") else text + "\n"
