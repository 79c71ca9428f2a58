"""One call of `complete`: prompts are computed once each, answers grow together.

Answers that end leave the batch and waiting ones take their places. Prompts are taken in the order
of their tokens, so that those with a common start follow each other and find it computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ulmus.models.answers import Answer, Vocabulary
from ulmus.models.decoder import MOST_ROWS, Decoder
from ulmus.models.drafts import Draft
from ulmus.models.kernels import PAGE
from ulmus.models.lines import LineGuide, LineRule
from ulmus.models.sampling import Sampler
from ulmus.records import Completion, Prompt, Sampling

Array = np.ndarray[Any, np.dtype[Any]]

NOT_FINITE = "the logits are not finite; the weights are damaged or too large"


@dataclass(frozen=True)
class _Question:
    """A prompt that waits: its place in the call, its tokens (n,) int32, and itself."""

    index: int
    tokens: Array
    prompt: Prompt


@dataclass(frozen=True)
class _Start:
    """A prompt that is computed.

    Attributes:
        tokens: (n,) int32.
        pages: Pages that hold all tokens; the last may be part full.
    """

    tokens: Array
    pages: list[int]

    @property
    def num_stored(self) -> int:
        """Number of tokens in all pages but the last."""
        return (len(self.pages) - 1) * PAGE


@dataclass
class _Row:
    """An answer that grows.

    Attributes:
        question: What it answers.
        answer: What there is of it.
        pages: Pages of its tokens.
        length: Number of tokens in the pages.
        token: The last token drawn; not yet in the pages.
        guide: What it may draw, if its lines are numbered.
        draft: How much of it holds, if lines that do not are drawn again.
    """

    question: _Question
    answer: Answer
    pages: list[int]
    length: int
    token: int = -1
    guide: LineGuide | None = None
    draft: Draft | None = None


class Generation:
    """Answers the prompts of one call."""

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        sampling: Sampling,
        ends: Sequence[int],
        batch_size: int,
        rule: LineRule,
    ) -> None:
        """Set up.

        Args:
            decoder: Computes.
            vocabulary: Of the same model.
            sampling: How to draw, and when an answer ends.
            ends: Tokens that end an answer.
            batch_size: Answers that grow together.
            rule: For answers that name lines by number.

        Raises:
            ConfigError: The sampling makes no sense.
        """
        self._decoder = decoder
        self._pages = decoder.pages
        self._vocabulary = vocabulary
        self._sampling = sampling
        self._sampler = Sampler(sampling)
        self._ends = ends
        self._batch_size = batch_size
        self._rule = rule
        self._completions: dict[int, Completion] = {}

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return one completion per prompt, in their order."""
        waiting = self._encode(prompts)
        active: list[_Row] = []
        try:
            while waiting or active:
                if waiting and len(active) <= self._batch_size * 3 // 4:
                    room = self._batch_size - len(active)
                    active += self._admit(waiting[:room])
                    waiting = waiting[room:]
                active = self._advance(active)
        except BaseException:
            self._pages.reset()
            raise
        return [self._completions[index] for index in range(len(prompts))]

    def _encode(self, prompts: Sequence[Prompt]) -> list[_Question]:
        """Return the prompts that can be answered, those with a common start side by side."""
        questions = []
        for index, prompt in enumerate(prompts):
            try:
                tokens = np.array(self._vocabulary.encode(prompt.text), np.int32)
            except ValueError:
                self._refuse(index, "the prompt is no valid Unicode")
                continue
            if not len(tokens):
                self._refuse(index, "the prompt is empty")
            elif len(tokens) >= self._decoder.shape.context:
                most = self._decoder.shape.context
                self._refuse(index, f"the prompt has {len(tokens)} tokens, the context {most}")
            else:
                questions.append(_Question(index, tokens, prompt))
        return sorted(questions, key=lambda question: question.tokens.tobytes())

    def _refuse(self, index: int, error: str) -> None:
        self._completions[index] = Completion("", error=error)

    def _admit(self, questions: Sequence[_Question]) -> list[_Row]:
        """Compute prompts and draw the first token of each answer; return those that go on."""
        sharing: dict[bytes, list[_Question]] = {}
        for question in questions:
            sharing.setdefault(question.tokens.tobytes(), []).append(question)
        starts = [self._start(same[0].tokens) for same in sharing.values()]
        logits = self._finish_starts(starts)
        rows = []
        for start, same, line in zip(starts, sharing.values(), logits, strict=True):
            for question in same:
                answer = Answer(self._vocabulary, self._sampling.stop, self._ends)
                row = _Row(question, answer, self._share(start), len(start.tokens))
                row.guide = self._guide(question.prompt)
                if question.prompt.check is not None:
                    row.draft = Draft(question.prompt.check)
                if self._draw(row, line):
                    rows.append(row)
            self._release(start.pages)
        return rows

    def _guide(self, prompt: Prompt) -> LineGuide | None:
        if not self._rule or prompt.num_lines is None:
            return None
        return LineGuide(self._rule, prompt.num_lines)

    def _start(self, tokens: Array) -> _Start:
        """Compute a prompt but for its last 1 to `PAGE` tokens, unless it is remembered."""
        whole = (len(tokens) - 1) // PAGE * PAGE
        pages = self._pages.find(tokens, whole)
        known = len(pages)
        pages += [self._pages.take() for _ in range(known, whole // PAGE + 1)]
        table = np.array([pages], np.int32)
        for first in range(known * PAGE, whole, MOST_ROWS):
            places = np.arange(first, min(first + MOST_ROWS, whole), dtype=np.int32)
            tables = np.repeat(table, len(places), 0)
            self._decoder.run(tokens[places], places, tables, places[:0])
        for index in range(known, whole // PAGE):
            self._pages.remember(tokens[: (index + 1) * PAGE], pages[index])
        return _Start(tokens, pages)

    def _finish_starts(self, starts: Sequence[_Start]) -> list[Array]:
        """Compute the last tokens of prompts; return the logits after each, (vocabulary,)."""
        logits: list[Array] = []
        together = MOST_ROWS // PAGE
        for first in range(0, len(starts), together):
            part = starts[first : first + together]
            lasts = [np.arange(s.num_stored, len(s.tokens), dtype=np.int32) for s in part]
            tables = _tables([start.pages for start in part])
            counts = [len(places) for places in lasts]
            result = self._decoder.run(
                np.concatenate([s.tokens[p] for s, p in zip(part, lasts, strict=True)]),
                np.concatenate(lasts),
                np.repeat(tables, counts, 0),
                np.cumsum(counts) - 1,
            )
            logits += list(result.copy())
        return logits

    def _share(self, start: _Start) -> list[int]:
        """Return the pages of a prompt for one answer; the last, where it writes, is its own."""
        shared = start.pages[:-1]
        for page in shared:
            self._pages.hold(page)
        return [*shared, self._pages.copy(start.pages[-1])]

    def _advance(self, rows: Sequence[_Row]) -> list[_Row]:
        """Compute the last token of each answer and draw the next; return those that go on."""
        if not rows:
            return []
        for row in rows:
            if row.length == len(row.pages) * PAGE:
                row.pages.append(self._pages.take())
        logits = self._decoder.run(
            np.array([row.token for row in rows], np.int32),
            np.array([row.length for row in rows], np.int32),
            _tables([row.pages for row in rows]),
            np.arange(len(rows)),
        )
        for row in rows:
            row.length += 1
        pairs = zip(rows, logits, strict=True)
        return [row for row, line in pairs if self._draw(row, line)]

    def _draw(self, row: _Row, logits: Array) -> bool:
        """Draw the next token of an answer; tell whether the answer goes on."""
        answer, context = row.answer, self._decoder.shape.context
        if row.guide:
            logits = logits.copy()  # equal prompts share them, guided or not
            row.guide.allow(logits, at_line_start=answer.at_line_start)
        times_back = row.draft.times_back if row.draft else 0
        seed = row.question.prompt.seed
        token = self._sampler.draw(logits, seed, answer.num_tokens, times_back)
        if token is None:
            return self._close(row, NOT_FINITE)
        answer.add(token)
        if row.guide:
            row.guide.take(token)
        if row.draft and row.draft.goes_back(answer):
            self._go_back(row)
            return True
        if answer.ended or answer.num_tokens >= self._sampling.max_tokens:
            return self._close(row, None)
        if row.length >= context:
            return self._close(row, f"the context of {context} tokens is full")
        row.token = token
        return True

    def _go_back(self, row: _Row) -> None:
        """Set a row to where its answer was cut: its last token is computed once more."""
        question, kept = row.question, row.answer.tokens
        row.length = len(question.tokens) + len(kept) - 1
        row.token = kept[-1] if kept else int(question.tokens[-1])
        row.guide = self._guide(question.prompt)
        if row.guide:
            for token in kept:
                row.guide.take(token)

    def _close(self, row: _Row, error: str | None) -> bool:
        answer = row.answer
        self._completions[row.question.index] = Completion(answer.text, answer.num_tokens, error)
        self._release(row.pages)
        return False

    def _release(self, pages: Sequence[int]) -> None:
        for page in pages:
            self._pages.release(page)


def _tables(lists: Sequence[Sequence[int]]) -> Array:
    """Return page tables of equal length, (R, T) int32."""
    longest = max(map(len, lists))
    table = np.zeros((len(lists), longest), np.int32)
    for line, pages in zip(table, lists, strict=True):
        line[: len(pages)] = pages
    return table
