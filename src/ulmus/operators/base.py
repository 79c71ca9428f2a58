"""The seam to what makes children."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from ulmus.records import Program, Proposal


@runtime_checkable
class Operator(Protocol):
    """Makes proposals from parents; knows nothing of problems or maps.

    An operator may also have an integer `siblings`: so many children in a row, as far as they
    are its own, are then made from the same parents (see `siblings_of`). And it may have `wishes`,
    messages with their shares: then `propose` is given one of them for each child as a third
    argument, chosen by the search (see `wishes_of` and `ulmus.search.aiming`). With an integer
    `new_attempts` a child that the search has seen before is drawn again, so often in all (see
    `ulmus.search.copies`).
    """

    @property
    def name(self) -> str:
        """Name of the operator, such as "syntax"."""
        ...

    @property
    def identity(self) -> str:
        """Name and every setting or version that can change a child; part of a run's identity."""
        ...

    @property
    def arity(self) -> int:
        """Number of parents per proposal; 0 for an operator that draws programs from nothing."""
        ...

    @property
    def replayable(self) -> bool:
        """Tell whether parents and generator alone reproduce a child.

        The text of a child of a replayable operator is kept only if it was admitted.
        """
        ...

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one proposal per entry of `parents`, in the same order.

        A proposal depends on its own parents and generator only, never on its neighbours, so
        that a batch can be cut anywhere.

        Args:
            parents: For each proposal its `arity` parents.
            rngs: For each proposal its own generator.

        Returns:
            Proposals with a program, or with a refusal and its reason.
        """
        ...


class WishingOperator(Protocol):
    """An operator that can be told what to do with each parent; see `Operator`."""

    @property
    def wishes(self) -> Mapping[str, float]:
        """What it can be asked for, by message with its share; empty if it is not asked."""
        ...

    def propose(
        self,
        parents: Sequence[Sequence[Program]],
        rngs: Sequence[random.Random],
        wishes: Sequence[str] | None = None,
    ) -> list[Proposal]:
        """Return one proposal per entry of `parents`, each made for its message."""
        ...


def siblings_of(operator: Operator) -> int:
    """Return how many children in a row an operator wants of the same parents, 1 if it is silent.

    A language model reads a parent once for all its siblings. The paper's replicas of the diff
    model do the same (arXiv 2206.08896): each draws one parent and emits a batch of diffs for it.
    Of an operator without parents so many children are made by one worker at a time.
    """
    return max(1, int(getattr(operator, "siblings", 1)))


def new_attempts_of(operator: Operator) -> int:
    """Return how often a child is drawn until it is a new one, 1 if the operator is silent."""
    return max(1, int(getattr(operator, "new_attempts", 1)))


def wishes_of(operator: Operator) -> Mapping[str, float]:
    """Return what an operator can be asked for, by message with its share; often nothing."""
    wishes: Mapping[str, float] = getattr(operator, "wishes", {})
    return wishes
