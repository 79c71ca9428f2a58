"""The pipeline: ask ahead, evaluate, tell, append. Resuming is folding the log first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ulmus.errors import ConfigError
from ulmus.evaluate import Evaluator, Ticket
from ulmus.models import meter
from ulmus.records import NO_USAGE, Placement, Program, Step, Usage
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import Tally
from ulmus.search.archive import Archive, Elite
from ulmus.search.map_elites import Batch, MapElites, PastStep


@dataclass(frozen=True)
class Budget:
    """When a run ends; both are totals over all resumes, the first one reached counts.

    Attributes:
        evaluations: Steps of the run, seeds, refusals and duplicates included; None: no limit.
        seconds: Time of the search; None: no limit. Batches in flight are finished.
        tokens: Tokens that models on servers read and wrote, as they count them; None: no limit.
            Batches in flight are finished.
    """

    evaluations: int | None = None
    seconds: float | None = None
    tokens: int | None = None

    def is_spent(self, evaluations: int, progress: Progress) -> bool:
        """Tell whether it is used up by so many evaluations, and what a run has taken else."""
        pairs = (
            (self.evaluations, evaluations),
            (self.seconds, progress.elapsed_s),
            (self.tokens, progress.usage.tokens),
        )
        return any(most is not None and had >= most for most, had in pairs)


@dataclass
class Progress:
    """Where a run stands, for whoever watches.

    Attributes:
        archive: The map.
        evaluations: Steps so far.
        fresh: Steps made since the start or resume.
        elapsed_s: Time of the search, pauses left out.
        session_s: Time since the start or resume.
        tallies: What became of the proposals, by operator.
        parts_s: CPU seconds by part of the pipeline since the start or resume.
        usage: What was asked of models on servers since the run began, batches in flight included.
        samples: The steps are samples of a model: a duplicate is as valid as what it repeats. In
            a search it has come to nothing.
        shares: Share of each operator at the end; empty before, and unless the shares adapt.
    """

    archive: Archive
    evaluations: int = 0
    fresh: int = 0
    elapsed_s: float = 0.0
    session_s: float = 0.0
    tallies: dict[str, Tally] = field(default_factory=dict)
    parts_s: dict[str, float] = field(default_factory=dict)
    usage: Usage = NO_USAGE
    samples: bool = False
    shares: dict[str, float] = field(default_factory=dict)
    _invalid: set[str] = field(default_factory=set)

    def count(self, step: Step | LoggedStep) -> None:
        """Take one step into account."""
        self.evaluations += 1
        if isinstance(step, LoggedStep):
            operator, reason, program = step.operator, step.reason, step.program
        else:
            operator = step.proposal.operator
            reason = step.evaluation.reason if step.evaluation else step.proposal.refusal
            program = step.proposal.program.hash if step.proposal.program else None
        again = self.samples and self._valid_again(step.placement, program)
        self.tallies.setdefault(operator, Tally()).add(step.placement, reason, again)

    def _valid_again(self, placement: Placement, program: str | None) -> bool:
        """Tell whether a step repeats a valid program; remember which ones are not."""
        if placement is Placement.INVALID and program is not None:
            self._invalid.add(program)
        return placement is Placement.DUPLICATE and program not in self._invalid

    def spend(self, parts_s: Mapping[str, float]) -> None:
        """Add the seconds of a batch."""
        for part, seconds in parts_s.items():
            self.parts_s[part] = self.parts_s.get(part, 0.0) + seconds

    @property
    def evaluations_per_s(self) -> float:
        """Evaluations per second of wall time since the start or resume."""
        return self.fresh / self.session_s if self.session_s > 0 else 0.0

    @property
    def valid_share(self) -> float:
        """Share of all steps that ran and got a fitness; see `samples` for duplicates."""
        valid = sum(tally.valid_share * tally.proposals for tally in self.tallies.values())
        return valid / self.evaluations if self.evaluations else 0.0


def restore(search: MapElites, log: RunLog) -> Progress:
    """Fold the log of a run into a fresh search."""
    progress = Progress(search.archive, elapsed_s=log.elapsed_s, samples=search.samples)
    progress.usage = log.usage
    texts = log.texts()
    hashes: dict[int, str] = {}  # of the admitted programs, by number of the step
    for step in log.steps():
        elite = None
        if step.admitted and step.cell is not None and step.fitness is not None:
            source = next(text.source for number, text in texts if number == step.number)
            elite = (step.cell, _elite(source, step))
        if step.admitted and step.program is not None:
            hashes[step.number] = step.program
        search.restore(_past(step, hashes, elite))
        progress.count(step)
    return progress


def _past(step: LoggedStep, hashes: Mapping[int, str], elite: tuple[int, Elite] | None) -> PastStep:
    return PastStep(
        step.batch,
        step.index,
        step.operator,
        tuple(hashes[number] for number in step.parents),
        step.program,
        step.placement,
        elite,
    )


def illuminate(
    search: MapElites,
    evaluator: Evaluator,
    log: RunLog,
    budget: Budget,
    *,
    replayable: Mapping[str, bool],
    observe: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Run the search until the budget is spent or somebody says stop.

    Args:
        search: A fresh search; the steps that the log already has are folded into it.
        evaluator: Evaluates programs.
        log: The run, open for appending.
        budget: When to end.
        replayable: For each operator whether its children can be made again without it.
        observe: Called after each batch.
        stop: Asked before each batch; batches in flight are finished and kept.

    Raises:
        ConfigError: None of the seed programs is valid.
        RunWriteError: The disk refuses; what was appended before is kept.
        EvaluationError: Workers die whatever they are given.
    """
    progress = restore(search, log)
    before_s, start = progress.elapsed_s, time.monotonic()
    asked, log_s = progress.evaluations, 0.0
    flying: deque[tuple[Batch, Ticket, float, Usage]] = deque()

    def open_budget() -> bool:
        return not (budget.is_spent(asked, progress) or stop())

    while True:
        while search.ready and open_budget():
            clock, called_s = time.thread_time(), evaluator.called_s
            before = meter.counted() + evaluator.usage
            rest = None if budget.evaluations is None else budget.evaluations - asked
            batch = search.ask(rest)
            asked += len(batch.proposals)
            ask_s = time.thread_time() - clock + evaluator.called_s - called_s
            usage = meter.counted() + evaluator.usage - before
            progress.usage += usage
            flying.append((batch, evaluator.start(batch.programs), ask_s, usage))
        if not flying:
            progress.shares = search.shares
            return progress
        batch, ticket, ask_s, usage = flying.popleft()
        result = evaluator.finish(ticket)
        clock = time.thread_time()
        steps = search.tell(batch, result.evaluations)
        if batch.number == 0 and not len(search.archive):
            raise _no_seed(steps)
        for step in steps:
            progress.count(step)
        progress.fresh += len(steps)
        progress.session_s = time.monotonic() - start
        progress.elapsed_s = before_s + progress.session_s
        middle = time.thread_time()
        parts_s = {
            "operator": ask_s,
            "sandbox": result.sandbox_s,
            "score": result.score_s,
            "map": middle - clock,
            "log": log_s,  # of the batch before: this one's is not known yet
        }
        elapsed_s = progress.elapsed_s
        log.append(steps, replayable=replayable, elapsed_s=elapsed_s, parts_s=parts_s, usage=usage)
        progress.spend(parts_s)
        log_s = time.thread_time() - middle
        observe(progress)


def _elite(source: str | None, step: LoggedStep) -> Elite:
    assert source is not None, f"step {step.number} was admitted without its text"
    assert step.fitness is not None
    return Elite(Program(source), step.fitness, step.measures)


def _no_seed(steps: list[Step]) -> ConfigError:
    reasons = [step.evaluation.reason for step in steps if step.evaluation]
    return ConfigError(
        f"none of the seed programs is valid ({'; '.join(map(str, reasons))}); try it with "
        "`ulmus simulate FILE` or `ulmus exec FILE` and mend it, or name another with "
        "--seed-program"
    )
