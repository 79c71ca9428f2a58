"""The plain data that travels through ulmus: frozen, comparable, without behaviour of its own.

The way of one child: parents → `Proposal` → `Job` → `Outcome` → `Evaluation` → `Step`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal, Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"
"""Plain data: what JSON can say, and nothing else."""


def program_hash(source: str) -> str:
    """Return the identity of a program text: the first 32 hex digits of SHA-256 over its UTF-8."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Program:
    """A program is text with a content hash; everything else points at the hash."""

    source: str

    @cached_property
    def hash(self) -> str:
        """Return the identity of the text, 32 hex digits (see `program_hash`)."""
        return program_hash(self.source)


Standing = Literal["held", "undecided", "broken"]


class LineCheck(Protocol):
    """Looks at an answer while it is written. It can be pickled, and its `repr` says all of it."""

    @property
    def attempts(self) -> int:
        """How often a line is drawn at most until it holds, at least 1."""
        ...

    def standing(self, text: str, *, ended: bool) -> Standing:
        """Return what becomes of an answer.

        Args:
            text: The answer up to the end of a line, or all of it.
            ended: Whether that is all of it.

        Returns:
            "held" if it may go on from here, or end; "broken" if nothing good can come of it, so
            that it has to go back to where it held; "undecided" if a later line will tell.
        """
        ...


@dataclass(frozen=True)
class Prompt:
    """What a language model is asked.

    Attributes:
        text: The prompt.
        seed: The seed of the answer, in [0, 2**64); equal prompts with equal seeds get equal
            answers from a model that can promise it.
        num_lines: Lines of the program that an edit by line numbers may name; None for another
            form. A model that can keeps to it (`ulmus.models.lines`).
        check: Looks at the answer's lines as they come; None if nobody does. A model that can
            draws those again that cannot be (`ulmus.models.drafts`).
    """

    text: str
    seed: int = 0
    num_lines: int | None = None
    check: LineCheck | None = None


@dataclass(frozen=True)
class Sampling:
    """How a language model is to answer.

    Attributes:
        temperature: 0 is greedy.
        top_p: Nucleus, in (0, 1].
        max_tokens: Longest answer, in tokens of the model.
        stop: Texts that end the answer; they are not part of it.
    """

    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 512
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completion:
    """What a language model answered; a failed answer is a value with an `error`."""

    text: str
    num_tokens: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Usage:
    """What models on servers have been asked and have answered.

    Attributes:
        num_requests: Requests that were sent, retries included.
        num_retries: Requests that were sent again.
        num_answers: Prompts that got a text.
        num_failures: Prompts that got none.
        num_uncounted: Texts for which the server did not say how many tokens they took.
        prompt_tokens: Tokens that were read, as the server counts them.
        completion_tokens: Tokens that were written, the same.
    """

    num_requests: int = 0
    num_retries: int = 0
    num_answers: int = 0
    num_failures: int = 0
    num_uncounted: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Return the tokens that were read and written, those that nobody counted left out."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        """Return the sum."""
        names = self.__dataclass_fields__
        return Usage(*(getattr(self, name) + getattr(other, name) for name in names))

    def __sub__(self, other: Usage) -> Usage:
        """Return what has been added since."""
        names = self.__dataclass_fields__
        return Usage(*(getattr(self, name) - getattr(other, name) for name in names))

    def __str__(self) -> str:
        """Return it in words."""
        again = f" ({self.num_retries:,} of them again)" if self.num_retries else ""
        lost = f", {self.num_failures:,} prompts without answer" if self.num_failures else ""
        unknown = f"; {self.num_uncounted:,} answers not counted" if self.num_uncounted else ""
        return (
            f"{self.num_requests:,} requests{again}{lost}, {self.prompt_tokens:,} tokens read, "
            f"{self.completion_tokens:,} written{unknown}"
        )


NO_USAGE = Usage()
"""Nothing was asked."""


@dataclass(frozen=True)
class Proposal:
    """A child that an operator proposes, or its refusal.

    Attributes:
        operator: Name of the operator.
        parents: Hashes of the parents, in the order in which the operator got them.
        program: The child; None if the operator refused.
        refusal: Why there is no child, a short phrase with few distinct values; None if there is.
        note: What was done, for people: a commit message or the kinds of edit.
        answer: The text of the language model that made the child, kept so that a run can be
            replayed without it; None for operators that their seed reproduces.
    """

    operator: str
    parents: tuple[str, ...]
    program: Program | None
    refusal: str | None = None
    note: str = ""
    answer: str | None = None


@dataclass(frozen=True)
class GuestModule:
    """A module that the program may import, handed over as source with the job."""

    name: str
    source: str


@dataclass(frozen=True)
class Limits:
    """What one job may use; beyond it the job ends with the status named here.

    Attributes:
        fuel: WebAssembly instructions, about 1.3e10 per second ("timeout"). Deterministic.
        timeout_s: Wall clock, only a backstop for a tier that has no fuel ("timeout").
        memory_bytes: Memory of the guest, interpreter included ("memory").
        output_bytes: Length of the encoded result ("output").
        stdout_bytes: Head of the printed text that is kept; the rest is dropped quietly.
    """

    fuel: int = 10_000_000_000
    timeout_s: float = 10.0
    memory_bytes: int = 256 * 1024 * 1024
    output_bytes: int = 1024 * 1024
    stdout_bytes: int = 64 * 1024


@dataclass(frozen=True)
class Job:
    """One program to run: the whole of what the sandbox gets to know.

    Attributes:
        source: Text of the program.
        entry: Name of the function to call.
        args: Arguments of the call, plain data.
        modules: Modules that the program may import besides the standard library.
        scope: Names that exist in the program's namespace before its first line, as pairs of
            name and "module" or "module:attribute"; a program that forgets an import still runs.
        seed: Seed of the guest's `random`.
        limits: What the job may use.
    """

    source: str
    entry: str
    args: tuple[Json, ...] = ()
    modules: tuple[GuestModule, ...] = ()
    scope: tuple[tuple[str, str], ...] = ()
    seed: int = 0
    limits: Limits = field(default_factory=Limits)


class Status(StrEnum):
    """How a job ended."""

    OK = "ok"
    ERROR = "error"  # the program raised, does not parse, or has no entry
    TIMEOUT = "timeout"  # fuel or backstop clock used up
    MEMORY = "memory"  # memory used up
    OUTPUT = "output"  # the result is too large or not plain data
    VIOLATION = "violation"  # the program tried something that is forbidden
    CRASHED = "crashed"  # the interpreter itself died (call stack, worker)


@dataclass(frozen=True)
class Outcome:
    """How a job ended, whatever the program did.

    Attributes:
        status: How it ended.
        value: The result, plain data with finite numbers only; None unless `status` is ok.
        error: For people, such as "NameError: name 'x' is not defined (line 3)"; None if ok.
        stdout: Head of what was printed to standard output and standard error.
        fuel: Instructions used, 0 where the tier does not count them.
        entry: Name of the function that was called; None if it never came to that.
    """

    status: Status
    value: Json = None
    error: str | None = None
    stdout: str = ""
    fuel: int = 0
    entry: str | None = None


@dataclass(frozen=True)
class Measure:
    """One axis of the map.

    Attributes:
        name: Such as "height".
        unit: Such as "u"; empty for a count.
        low: Lower end of the first bin.
        high: Upper end of the last bin.
        bins: Number of equal bins.
    """

    name: str
    unit: str
    low: float
    high: float
    bins: int


@dataclass(frozen=True)
class Evaluation:
    """What a problem thinks of an outcome.

    Attributes:
        fitness: Larger is better; None if invalid.
        measures: One finite number per axis of the map; empty if invalid.
        reason: Why it is invalid: a short phrase with few distinct values; None if valid.
    """

    fitness: float | None
    measures: tuple[float, ...] = ()
    reason: str | None = None

    @property
    def valid(self) -> bool:
        """Tell whether there is a fitness."""
        return self.fitness is not None

    @staticmethod
    def invalid(reason: str) -> Evaluation:
        """Return the evaluation of something that has no fitness."""
        return Evaluation(None, (), reason)


class Placement(StrEnum):
    """What became of a proposal."""

    NEW = "new"  # opened a cell
    IMPROVED = "improved"  # beat the elite of its cell, or tied with a shorter program
    KEPT_OUT = "kept_out"  # the elite of its cell stayed
    INVALID = "invalid"  # ran, but has no fitness
    REFUSED = "refused"  # the operator gave no program
    DUPLICATE = "duplicate"  # the same text was proposed before; not run again

    @property
    def admitted(self) -> bool:
        """Tell whether the program entered the map."""
        return self in (Placement.NEW, Placement.IMPROVED)


@dataclass(frozen=True)
class Step:
    """One line of a run's log.

    Attributes:
        batch: Batch of the search, 0 for the seeds.
        index: Position within the batch.
        proposal: What was proposed.
        evaluation: What came of it; None if refused or a duplicate.
        placement: What became of it.
        cell: Index of its cell, None if it has none.
    """

    batch: int
    index: int
    proposal: Proposal
    evaluation: Evaluation | None
    placement: Placement
    cell: int | None
