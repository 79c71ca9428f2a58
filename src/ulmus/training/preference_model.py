"""A diff model that learns from what the map left as well: preferences between its own answers.

Operator tuning (paper, section 3.3) learns from accepted edits only. Here the answers that were
refused, invalid or kept out are the negative half: DPO on pairs of answers to one parent. Which
pairs, `ulmus.training.preferences` says; which loss, `ulmus.training.dpo`. The paper has no such
stage; the idea is EvoTune's (arXiv 2504.05108).

The model that is started from is the reference, too: what it thinks of each answer is computed
once, before the first step, and again at a resume.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tokenizers import Tokenizer

from ulmus.diffs.prompts import END, Layout
from ulmus.errors import ConfigError, EditFormatError, TrainingError
from ulmus.models.shelf import SETTINGS_NAME, Taught, find_model, read_taught
from ulmus.seeding import generator
from ulmus.training import bases, checkpoints
from ulmus.training import machine as machines
from ulmus.training.bases import Trainee
from ulmus.training.batches import mean_loss
from ulmus.training.card import preference_card
from ulmus.training.course import Course, above_0, check
from ulmus.training.dpo import (
    Contrast,
    PairLoss,
    PairRow,
    Ranking,
    log_probabilities,
    pair_row,
    rankings,
    with_reference,
)
from ulmus.training.loop import Reading, Report, decided, follow
from ulmus.training.preferences import Pair
from ulmus.training.shuffled import Shuffled

TOKENS_PER_STEP = 4_096
"""About four parents: the loss of one parent's pairs is noisy."""
SLOWER = 5
"""The rate is this much lower than that of a model that goes on learning edits."""

# ── Settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Settings(Course):
    """Everything that decides the result, besides the pairs; what is not here is in `Course`.

    Attributes:
        beta: How much a nat of the margin over the starting model counts; the smaller, the further
            the model may go from it.
        likelihood: How much the loss of the chosen answer counts, per token; 0: DPO alone.
        pairs_per_row: Pairs of one parent that share its prompt.
        epochs: End after so many passes over the pairs.
        readings: How often the held-out loss is looked at, evenly spaced.
    """

    beta: float = 0.1
    likelihood: float = 1.0
    pairs_per_row: int = 8
    epochs: float | None = None
    readings: int = 5

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            ConfigError: An end is missing, two options exclude each other, or a value is none.
        """
        super().__post_init__()
        if self.base == "none":
            raise ConfigError("preferences need a model to start from: a name or a folder")
        if self.steps is None and self.minutes is None and self.epochs is None:
            raise ConfigError("a training needs an end: --steps, --minutes or --epochs")
        check(self, "above 0", above_0, "beta", "epochs")
        check(self, "0 or more", lambda x: 0 <= x < math.inf, "likelihood")
        check(self, "at least 1", lambda x: x >= 1, "pairs_per_row")


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
        folder: Of the model.
        steps: Steps done.
        loss: Mean loss of the last steps, per pair.
        readings: The losses as they went; the last reading is of the end.
        num_pairs: Pairs learned from.
        left_out: Pairs that were left out, by reason.
        before: How the starting model ranks held-out pairs, by what became of the rejected answer.
        after: How the trained model does.
        num_tokens: Tokens seen.
        epochs: Passes over the pairs.
        seconds: Time of the training.
    """

    folder: Path
    steps: int
    loss: float
    readings: tuple[Reading, ...]
    num_pairs: int
    left_out: Mapping[str, int]
    before: Mapping[str, Ranking]
    after: Mapping[str, Ranking]
    num_tokens: int
    epochs: float
    seconds: float


# ── Data ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PairCoder:
    """Turns pairs into tokens, as the model was taught.

    Attributes:
        tokenizer: Of the model.
        layout: How it is asked.
        taught: How long prompts and edits may be; longer ones are left out.
        left_out: Counts what was left out, by reason.
    """

    tokenizer: Tokenizer
    layout: Layout
    taught: Taught
    left_out: Counter[str]

    def rows(self, pairs: Sequence[Pair], per_row: int) -> list[PairRow]:
        """Return the rows of pairs, those of one parent together."""
        parents: dict[str, list[Contrast]] = {}
        for pair in pairs:
            contrast = self._contrast(pair)
            if contrast is not None:
                parents.setdefault(pair.before, []).append(contrast)
        return [
            pair_row(some[first : first + per_row])
            for some in parents.values()
            for first in range(0, len(some), per_row)
        ]

    def _contrast(self, pair: Pair) -> Contrast | None:
        """Return a pair as tokens; None if it is left out, which is counted."""
        obstacle = self._obstacle(pair)
        if obstacle:
            self.left_out[obstacle] += 1
            return None
        prompt = self._tokens(self.layout.prompt(pair.before, pair.message))
        return Contrast(prompt, *self._answers(pair), pair.fate.value)

    def _obstacle(self, pair: Pair) -> str:
        """Return why a pair cannot be learned; empty if it can."""
        if self.layout.forged(pair.before + pair.message + pair.chosen + pair.rejected):
            return "with a text that the layout cannot say"
        if not self._readable(pair.chosen):
            return "with an answer in another form than the model's"
        prompt = self._tokens(self.layout.prompt(pair.before, pair.message))
        if len(prompt) > self.taught.max_prompt_tokens:
            return "with too long a prompt"
        longest = max(map(len, self._answers(pair)))
        if longest > self.taught.max_edit_tokens:
            return "with too long an answer"
        if pair.max_tokens is not None and longest > pair.max_tokens:
            return "with an answer that was cut off"  # nobody knows how it would have ended
        return ""

    def _answers(self, pair: Pair) -> tuple[list[int], list[int]]:
        return self._tokens(pair.chosen + END), self._tokens(pair.rejected + END)

    def _readable(self, answer: str) -> bool:
        try:
            self.layout.read(answer)
        except EditFormatError:
            return False
        return True

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


class PairLessons(Shuffled[PairRow]):
    """Rows of pairs in endless shuffled order; the loop's `Lessons`."""

    def __init__(self, rows: Sequence[PairRow], seed: int, epochs: float | None = None):
        """Take at least one row; end after so many epochs, None sets no end."""
        super().__init__(rows, "order/pairs", seed, epochs)

    def rows(self, num_tokens: int, done: float) -> list[PairRow]:
        """Return the next rows, at least one, until they hold `num_tokens`."""
        return self.take(num_tokens, lambda row: len(row.tokens))


# ── Training ──────────────────────────────────────────────────────────────────────────────────


def train(
    pairs: Sequence[Pair],
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result | None:
    """Train a diff model on preferences and write its folder.

    Args:
        pairs: To learn from and, if held out, to judge by.
        settings: Everything else that decides the result; `base` is the model to start from.
        folder: Of the result; holds the checkpoints meanwhile.
        resume: Go on from the last checkpoint in the folder.
        observe: Is told where the training stands.
        stop: Is asked after each step; a checkpoint is written before the training ends.

    Returns:
        What came of it; None if it was stopped.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its files cannot be read.
        TrainingError: See `ulmus.errors`; the last good checkpoint stays.
    """
    machine = machines.machine()

    # What learns, and how it is asked
    start = find_model(settings.base)
    told, taught = _told(start), read_taught(start)
    layout = Layout(cast(Any, taught.style), taught.form)
    trainee = _trainee(settings, start, layout)
    settings = decided(settings, trainee, machine, TOKENS_PER_STEP, SLOWER)

    # From what, and what the starting model thinks of it
    coder = PairCoder(trainee.tokenizer, layout, taught, Counter())
    learned = [pair for pair in pairs if not pair.held_out]
    texts = ["\0".join((pair.before, pair.message, pair.chosen, pair.rejected)) for pair in learned]
    kept = _some([pair for pair in pairs if pair.held_out], settings.held_out)
    rows = coder.rows(learned, settings.pairs_per_row)
    judged = coder.rows(kept, settings.pairs_per_row)
    if not rows:
        raise _nothing(pairs, coder.left_out)
    trainee.net.to(machine.device)
    rows = with_reference(trainee.net, rows, machine.device)
    judged = with_reference(trainee.net, judged, machine.device)

    # Steps
    losing = PairLoss(trainee.net, settings.beta, settings.likelihood)
    lessons = PairLessons(rows, settings.seed, settings.epochs)
    ended = follow(
        settings, trainee, lessons, folder, machine, resume=resume, observe=observe, stop=stop,
        num_tokens=settings.tokens_per_step or TOKENS_PER_STEP,
        identity={**settings.identity(), "pairs": checkpoints.digest_of(texts)},
        losing=losing,
        num_readings=settings.readings,
        examine=lambda: mean_loss(losing, judged, machine.device),
    )  # fmt: skip
    if ended is None:
        return None

    # What came of it
    result = Result(
        folder, ended.step, ended.loss, tuple(ended.readings),
        sum(len(row.groups) for row in rows), coder.left_out,
        rankings(judged, [row.reference for row in judged]),
        rankings(judged, log_probabilities(trainee.net, judged, machine.device)),
        ended.seen, lessons.passes, ended.elapsed_s,
    )  # fmt: skip
    if machine.is_main_process:
        card = preference_card(trainee, settings, learned, result)
        bases.write_model(
            folder, trainee, told or {"style": layout.style, "form": layout.form}, card
        )
    return result


def _told(start: Path) -> dict[str, Any]:
    """Return what the starting model says of itself, which holds for the trained one, too.

    Raises:
        ConfigError: It is no diff model.
    """
    file = start / SETTINGS_NAME
    told = bases.read_json(file) if file.is_file() else {}
    if "kind" in told:
        raise ConfigError(f"{file} is of an {told['kind']}; preferences are learned by diff models")
    return told


def _trainee(settings: Settings, start: Path, layout: Layout) -> Trainee:
    markers = layout.markers if layout.style == "special" else (END,)
    return bases.open_base(
        str(start), settings.lora, settings.full, markers, settings.seed, settings.grow_to
    )


def _some(pairs: Sequence[Pair], limit: int) -> list[Pair]:
    """Return at most `limit` of them, the same ones for as many pairs."""
    places = range(len(pairs))
    chosen = generator(0, "held-out", 0, 0).sample(places, min(limit, len(pairs)))
    return [pairs[place] for place in sorted(chosen)]


def _nothing(pairs: Sequence[Pair], left_out: Mapping[str, int]) -> TrainingError:
    if left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        return TrainingError(f"no pair of the runs can be learned: {reasons}")
    if pairs:
        return TrainingError(
            "all pairs are held out: give more runs, or other ones than those that are only judged"
        )
    return TrainingError(
        "no parent of these runs has both an answer that the map took and one that it left, so "
        "there is nothing to prefer; a longer run has more of them"
    )
