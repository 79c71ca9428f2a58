"""The inventor: learns whole programs that runs admitted to their maps (paper, stage 2).

How this departs from the paper:
  - Size: 0.1 to 680 million weights as there; without a GPU, 3 or 12 million.
  - Base: a new network, our own diff model, or any published one; the paper's were trained on code.
  - Programs stand side by side in a row, and each sees only itself. The loss is that of the
    programs one by one.
  - A new network has a tokenizer of its own, learned from the data.
  - Checkpoint: the paper samples from the one with the lowest training loss and completes programs
    with the one of the lowest test loss. We keep the last and report both losses as they went.
  - With `balanced`, a cell is learned from as often as any other; the paper draws programs evenly.
  - Rates, tokens per step and epochs are not stated in the paper; ours are in `training.course`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ulmus.errors import ConfigError, TrainingError
from ulmus.seeding import generator
from ulmus.training import bases, checkpoints
from ulmus.training import machine as machines
from ulmus.training.bases import Borrowed, Trainee
from ulmus.training.batches import RowLoss, mean_loss
from ulmus.training.card import inventor_card
from ulmus.training.course import Course, above_0, check
from ulmus.training.dataset import Dataset
from ulmus.training.loop import Reading, Report, decided, follow
from ulmus.training.networks import Llama
from ulmus.training.texts import (
    Encoded,
    TextLessons,
    common_lines,
    encode,
    length_of_answers,
    packed_texts,
)
from ulmus.training.tokenizer import END, end_token

T = TypeVar("T")

TOKENS_PER_STEP = 1_024
"""About four programs of Sodarace: a training of minutes needs many steps more than large ones."""
TOKENIZER_TEXTS = 3_000
"""Programs from which a new tokenizer learns."""
PROMPT_TEXTS = 5_000
"""Programs in which the lines are looked for that all begin with."""
ROSE = 1.02
"""How far the test loss may end above its lowest before the card speaks of it."""
FACTS = ("problem", "problem_options", "measures", "properties")
"""What a model folder repeats of its data set."""

# ── Settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Settings(Course):
    """Everything that decides the result, besides the data; what is not here is in `Course`.

    Attributes:
        context: Tokens of a row; longer programs are left out.
        epochs: End after so many passes over the data.
        readings: How often the test loss is looked at, evenly spaced.
        balanced: Whether each cell of the map is learned from as often as any other, however many
            programs it has.
    """

    context: int = 1024
    epochs: float | None = None
    readings: int = 10
    balanced: bool = False

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            ConfigError: An end is missing, two options exclude each other, or a value is none.
        """
        super().__post_init__()
        if self.steps is None and self.minutes is None and self.epochs is None:
            raise ConfigError("a training needs an end: --steps, --minutes or --epochs")
        check(self, "at least 8 tokens", lambda x: x >= 8, "context")
        check(self, "above 0", above_0, "epochs")


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
        folder: Of the model.
        steps: Steps done.
        loss: Mean loss of the last steps, nats per token.
        readings: The losses as they went; the last reading is of the end.
        num_texts: Programs learned from.
        num_tests: Programs that the test loss is on.
        left_out: Programs that were left out, by reason.
        num_tokens: Tokens seen.
        epochs: Passes over the data.
        seconds: Time of the training.
        prompt: What nearly all programs begin with.
        bytes_per_token: Of the programs that the test loss is on; None if there are none.
    """

    folder: Path
    steps: int
    loss: float
    readings: tuple[Reading, ...]
    num_texts: int
    num_tests: int
    left_out: Mapping[str, int]
    num_tokens: int
    epochs: float
    seconds: float
    prompt: str
    bytes_per_token: float | None

    @property
    def bits_per_byte(self) -> float | None:
        """The test loss at the end in bits per byte of text, which no tokenizer changes.

        A loss per token is small where tokens are short; only losses per byte compare models with
        tokenizers of their own.
        """
        if self.test_loss is None or self.bytes_per_token is None:
            return None
        return self.test_loss / math.log(2) / self.bytes_per_token

    @property
    def test_loss(self) -> float | None:
        """Test loss at the end; None if nothing was held out."""
        return self.readings[-1].test_loss if self.readings else None

    @property
    def lowest(self) -> Reading | None:
        """The reading with the lowest test loss."""
        judged = [reading for reading in self.readings if reading.test_loss is not None]
        return min(judged, key=lambda reading: reading.test_loss or 0.0) if judged else None

    @property
    def learned_by_heart(self) -> bool:
        """Whether the test loss rose clearly after its lowest point."""
        lowest, last = self.lowest, self.test_loss
        return bool(lowest and last and lowest.test_loss and last > ROSE * lowest.test_loss)


# ── Training ──────────────────────────────────────────────────────────────────────────────────


def train(
    dataset: Dataset,
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
    origin: str = "",
) -> Result | None:
    """Train an inventor and write its folder.

    Args:
        dataset: Programs to learn from and to judge by.
        settings: Everything else that decides the result.
        folder: Of the result; holds the checkpoints meanwhile.
        resume: Go on from the last checkpoint in the folder.
        observe: Is told where the training stands.
        stop: Is asked after each step; a checkpoint is written before the training ends.
        origin: Name of the data set, for the card.

    Returns:
        What came of it; None if it was stopped.

    Raises:
        TrainingError: See `ulmus.errors`; the last good checkpoint stays.
    """
    machine = machines.machine()
    texts = [row.text for row in dataset.train]

    # What learns
    trainee = _trainee(settings, texts)
    settings = decided(settings, trainee, machine, TOKENS_PER_STEP)

    # From what
    prompt = common_lines(_some(texts, PROMPT_TEXTS), trainee.tokenizer)
    start = "" if prompt else END
    learned = encode(texts, trainee.tokenizer, settings.context, start)
    if not learned.texts:
        raise _nothing(learned)
    tests = [row.text for row in _some(dataset.test, settings.held_out)]
    judged = encode(tests, trainee.tokenizer, settings.context, start)
    rows = packed_texts(judged.texts, settings.context)
    cells = [dataset.train[k].cell for k in learned.places] if settings.balanced else None
    lessons = TextLessons(learned.texts, settings.context, settings.seed, settings.epochs, cells)

    # Steps
    ended = follow(
        settings, trainee, lessons, folder, machine, resume=resume, observe=observe, stop=stop,
        num_tokens=settings.tokens_per_step or TOKENS_PER_STEP,
        identity={**settings.identity(), "programs": checkpoints.digest_of(texts)},
        num_readings=settings.readings,
        examine=lambda: mean_loss(RowLoss(trainee.net), rows, machine.device),
    )  # fmt: skip
    if ended is None:
        return None

    # What came of it
    result = Result(
        folder, ended.step, ended.loss, tuple(ended.readings), len(learned.texts),
        len(judged.texts), learned.left_out, ended.seen, lessons.passes, ended.elapsed_s, prompt,
        judged.bytes_per_token,
    )  # fmt: skip
    if machine.is_main_process:
        facts = dataset.facts.to_json()
        asking = {
            "kind": "inventor", "prompt": prompt, "start": start, "end": END,
            **{key: value for key, value in facts.items() if key in FACTS},
            "max_tokens": min(length_of_answers(learned.texts), longest_text(trainee.net)),
        }  # fmt: skip
        card = inventor_card(trainee, settings, facts, result, origin)
        bases.write_model(folder, trainee, asking, card)
    return result


def _trainee(settings: Settings, texts: Sequence[str]) -> Trainee:
    if settings.base == "none":
        limit = min(len(texts), TOKENIZER_TEXTS)
        return bases.new_network(
            settings.size,
            generator(0, "tokenizer", 0, 0).sample(texts, limit),
            settings.vocabulary,
            whole_lines=settings.whole_lines,
            numbered=False,
            context=max(2048, settings.context),
            seed=settings.seed,
        )
    trainee = bases.open_base(
        settings.base, settings.lora, settings.full, [END], settings.seed, settings.grow_to
    )
    end_token(trainee.tokenizer)
    longest = longest_text(trainee.net)
    if settings.context > longest:
        raise ConfigError(
            f"the base {settings.base} reads up to {longest:,} tokens; "
            f"--context {settings.context} is too long for it"
        )
    return trainee


def longest_text(net: Llama | Borrowed) -> int:
    """Return how many tokens a network can read."""
    if isinstance(net, Llama):
        return net.shape.context
    return int(getattr(net.model.config, "max_position_embeddings", 1 << 20))


def _some(items: Sequence[T], limit: int) -> Sequence[T]:
    """Return about `limit` of them, evenly spread."""
    return items[:: -(-len(items) // limit)] if limit and items else items[:0]


def _nothing(learned: Encoded) -> TrainingError:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in learned.left_out.items())
    return TrainingError(
        f"no program of the data set can be learned ({reasons}); a larger --context takes longer "
        "programs"
    )
