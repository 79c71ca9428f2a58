"""MAP-Elites with ask and tell; knows nothing of sandboxes, problems or files.

    search = MapElites(measures, portfolio, seeds, seed=1)
    while ...:
        batch = search.ask()
        steps = search.tell(batch, [evaluate(program) for program in batch.programs])

If no operator wants parents there are no seeds, and the map is filled by what they draw.

Generation and evaluation may overlap: `ask` may run up to `depth` batches ahead of `tell`. What
parents batch b can see is always the map after batch b - depth, however the calls interleave, so
the outcome depends on the seed and the depth, never on timing. The same holds for the shares of
the operators if they adapt (`ulmus.search.bandit`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ulmus.errors import ConfigError
from ulmus.operators.base import new_attempts_of
from ulmus.records import Evaluation, Measure, Placement, Program, Proposal, Step
from ulmus.search.archive import Archive, Elite
from ulmus.search.choosing import Chooser
from ulmus.search.copies import drawn_anew
from ulmus.search.portfolio import Portfolio
from ulmus.seeding import generator

SEED_OPERATOR = "seed"
"""Name of the operator in the steps of batch 0."""


@dataclass(frozen=True)
class Batch:
    """What `ask` gave out.

    Attributes:
        number: Number of the batch, 0 for the seeds.
        start: Index of the first proposal within the batch; not 0 if a batch goes on that an
            earlier budget had cut.
        proposals: The proposals, refusals and duplicates included.
        fresh: Positions in `proposals` of the programs that have to be evaluated.
    """

    number: int
    start: int
    proposals: tuple[Proposal, ...]
    fresh: tuple[int, ...]

    @property
    def programs(self) -> list[Program]:
        """The programs to evaluate, in the order that `tell` expects."""
        chosen = [self.proposals[position].program for position in self.fresh]
        return [program for program in chosen if program is not None]


@dataclass(frozen=True)
class PastStep:
    """What the search has to know of a step that it does not make again.

    Attributes:
        batch: Number of the batch.
        index: Index within the batch.
        operator: Name of the operator.
        parents: Hashes of the parents.
        program: Hash of the program, None if the proposal was refused.
        placement: What became of it.
        admitted: Cell and champion if the program was admitted.
    """

    batch: int
    index: int
    operator: str
    parents: tuple[str, ...]
    program: str | None
    placement: Placement
    admitted: tuple[int, Elite] | None


class MapElites:
    """Illuminates a map: uniform parents from the occupied cells, the better one stays."""

    def __init__(
        self,
        measures: Sequence[Measure],
        portfolio: Portfolio,
        seeds: Sequence[Program],
        *,
        seed: int,
        batch_size: int = 64,
        depth: int = 2,
        adapt: bool = False,
    ) -> None:
        """Set up an empty map.

        Args:
            measures: The axes of the map.
            portfolio: The operators that make the children.
            seeds: Programs of batch 0, at least one; none if no operator wants parents: then
                the first batch is number 1.
            seed: Seed of the run.
            batch_size: Proposals per batch, at least 1.
            depth: How many batches `ask` may be ahead of `tell`, at least 1.
            adapt: Let the shares of the operators follow what their children come to.

        Raises:
            ConfigError: No seeds where parents are wanted, seeds where they are not, or a size or
                depth below 1.
        """
        if bool(seeds) == portfolio.parentless:
            raise ConfigError(
                "MAP-Elites needs seed programs if an operator wants parents, and none if not"
            )
        if batch_size < 1 or depth < 1:
            raise ConfigError("MAP-Elites needs batch_size >= 1 and depth >= 1")
        self.archive = Archive(measures)
        self.depth = depth
        self._portfolio = portfolio
        self._chooser = Chooser(measures, portfolio, seed, adapt)
        self._seeds = tuple(seeds)
        self._seed = seed
        self._batch_size = batch_size
        self._seen: set[str] = set()
        self._asked = (0 if seeds else 1, 0)  # batch and index of the next proposal
        self._told = -1 if seeds else 0  # last batch that was told to its end
        self._parents = Archive(measures)  # the map that the parents are drawn from
        self._waiting: deque[tuple[int, int, Elite]] = deque()  # admitted, not yet parents

    @property
    def samples(self) -> bool:
        """Tell whether no proposal has a parent, so that they are samples of their operators."""
        return self._portfolio.parentless

    @property
    def ready(self) -> bool:
        """Tell whether `ask` may be called before the next `tell`."""
        number, _ = self._asked
        return number == 0 or self._told >= max(0, number - self.depth)

    @property
    def shares(self) -> dict[str, float]:
        """The share of each operator in the batch asked for last, by name; empty if none adapts.

        It is the mean over the parents that the batch could have.
        """
        return self._chooser.shares(self._parents)

    def ask(self, limit: int | None = None) -> Batch:
        """Return the next batch of proposals.

        Args:
            limit: Give out at most so many, at least 1; the rest of the batch comes with the
                next call. The proposals do not depend on where a batch is cut.

        Raises:
            ConfigError: No seed program is valid, or the batch that the parents should come
                from has not been told.
        """
        number, start = self._asked
        size = self._size(number)
        stop = size if limit is None else min(size, start + limit)
        proposals = self._propose(number, start, stop)
        fresh = []
        for position, proposal in enumerate(proposals):
            if proposal.program is not None and proposal.program.hash not in self._seen:
                self._seen.add(proposal.program.hash)
                fresh.append(position)
        self._asked = (number + 1, 0) if stop == size else (number, stop)
        return Batch(number, start, tuple(proposals), tuple(fresh))

    def tell(self, batch: Batch, evaluations: Sequence[Evaluation]) -> list[Step]:
        """Place a batch in index order and return its steps.

        Args:
            batch: The oldest batch that was asked for and not told.
            evaluations: One per program of `batch.programs`, in the same order.
        """
        results = dict(zip(batch.fresh, evaluations, strict=True))
        steps = []
        for position, proposal in enumerate(batch.proposals):
            index = batch.start + position
            step = self._place(batch.number, index, proposal, results.get(position))
            steps.append(step)
            made = proposal.program
            self._chooser.note(
                batch.number, proposal.operator, proposal.parents, step.placement, made
            )
        self._note_told(batch.number, batch.start + len(batch.proposals))
        return steps

    def restore(self, past: PastStep) -> None:
        """Take over one step of the past, in order, instead of asking and telling it."""
        size = self._size(past.batch)
        if (past.batch, past.index) != self._asked or past.index >= size:
            raise ConfigError(f"step {past.batch}/{past.index} came, {self._asked} was expected")
        if past.program is not None:
            self._seen.add(past.program)
        if past.admitted is not None:
            self.archive.put(*past.admitted)
            self._waiting.append((past.batch, *past.admitted))
        made = past.admitted[1].program if past.admitted else None
        self._chooser.note(past.batch, past.operator, past.parents, past.placement, made)
        self._asked = (
            (past.batch + 1, 0) if past.index + 1 == size else (past.batch, past.index + 1)
        )
        self._note_told(past.batch, past.index + 1)
        self._show(past.batch - self.depth)

    def _size(self, number: int) -> int:
        return len(self._seeds) if number == 0 else self._batch_size

    def _note_told(self, number: int, stop: int) -> None:
        """Count a batch as told only at its end: the map before that is not yet its own."""
        self._told = number if stop == self._size(number) else number - 1

    def _propose(self, number: int, start: int, stop: int) -> list[Proposal]:
        if number == 0:
            return [Proposal(SEED_OPERATOR, (), program) for program in self._seeds[start:stop]]
        visible = max(0, number - self.depth)
        if self._told < visible:
            raise ConfigError(f"batch {number} needs batch {visible}, which was not told yet")
        self._show(visible)
        if not len(self._parents) and self._seeds:
            raise ConfigError("none of the seed programs is valid, so there are no parents")
        places = range(start, stop)
        choices = [self._chooser.choose(number, index, self._parents) for index in places]

        def draw(attempt: int, wanted: Sequence[int]) -> list[Proposal]:
            some = [choices[k] for k in wanted]
            purpose = f"propose {attempt}" if attempt else "propose"
            return self._portfolio.propose(
                [choice.operator for choice in some],
                [[elite.program for elite in choice.parents] for choice in some],
                [generator(self._seed, purpose, number, start + k) for k in wanted],
                {k: choice.wish for k, choice in enumerate(some) if choice.wish is not None},
            )

        operators = [self._portfolio.operators[choice.operator] for choice in choices]
        return drawn_anew([new_attempts_of(one) for one in operators], self._seen, draw)

    def _show(self, last_batch: int) -> None:
        """Let the batches up to this one decide: their champions are parents, their steps count."""
        while self._waiting and self._waiting[0][0] <= last_batch:
            _, cell, elite = self._waiting.popleft()
            self._parents.put(cell, elite)
        self._chooser.show(last_batch)

    def _place(
        self, number: int, index: int, proposal: Proposal, evaluation: Evaluation | None
    ) -> Step:
        if proposal.program is None:
            return Step(number, index, proposal, None, Placement.REFUSED, None)
        if evaluation is None:
            return Step(number, index, proposal, None, Placement.DUPLICATE, None)
        placement, cell = self.archive.judge(proposal.program, evaluation)
        if cell is not None and placement.admitted:
            assert evaluation.fitness is not None
            elite = Elite(proposal.program, evaluation.fitness, evaluation.measures)
            self.archive.put(cell, elite)
            self._waiting.append((number, cell, elite))
        return Step(number, index, proposal, evaluation, placement, cell)
