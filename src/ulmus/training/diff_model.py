"""The diff model: learns from commits, and from its own accepted edits (paper, sections 2 and 3.3).

How this departs from the paper:
  - Size: 1 to 300 million weights, or an adapter on a pretrained model; the paper: 300 million from
    scratch, on commits of all of GitHub.
  - Unit: a function, method or mini-file with its edit; the paper: a whole file.
  - Form of the edit: numbered lines by default (`--form unified` for the paper's diff). Small
    models write edits that apply in 97 % of cases in this form, in 19 to 28 % as diffs.
  - Edits of one program are packed: they share its prompt in one row, and see only it and
    themselves. The loss is that of the edits one by one; the prompt is paid for once.
  - The loss is on the edit only, as in the paper; `--prompt-weight` adds a little of the program
    (the pilot used 0.15), which helps a small network that starts from nothing.
  - A new network starts with heads that copy (`ulmus.training.copying`), and at first also says
    lines of its prompt as they are (`--recall`).
  - Local names may be renamed at random (`--rename`), so that copying is the only way.
  - Rates, epochs, sampling and the number of edits are not stated in the paper; ours are below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ulmus.diffs import number_lines
from ulmus.diffs.prompts import Layout
from ulmus.errors import ConfigError, TrainingError
from ulmus.mining.sample import Sample
from ulmus.seeding import generator
from ulmus.training import bases
from ulmus.training import machine as machines
from ulmus.training.accepted import shares_of_effects
from ulmus.training.bases import Trainee
from ulmus.training.card import model_card
from ulmus.training.course import Course, check
from ulmus.training.evaluation import HeldOut, held_out_loss, held_out_rows
from ulmus.training.examples import Caps, Coder, Mixture, Recall, Source
from ulmus.training.loop import Report, follow
from ulmus.training.rows import Row
from ulmus.training.tokenizer import END, end_token

RECALL_UNTIL = 0.7
"""Share of the training after which no more lines are asked for as they are."""

# ── Settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Settings(Course):
    """Everything that decides the result, besides the data; what is not here is in `Course`.

    Attributes:
        style: Of the prompt; see `diffs.prompts`.
        form: Of the edit.
        shares: Share of judged tokens by source, "commits" and "runs".
        rename: Rename local names at random.
        recall: Share of the loss of a new network that asks for lines of the program as they are,
            at the beginning; it falls to 0 in the first 70 % of the training.
        prompt_weight: How much the program's tokens count; an edit's tokens count 1.
        max_prompt_tokens: Longer prompts are left out.
        max_edit_tokens: Longer edits are left out.
        edits_per_row: Edits of one program that share its prompt.
    """

    style: Literal["special", "tags"] = "special"
    form: str = "numbered"
    shares: tuple[tuple[str, float], ...] = ()
    rename: bool = False
    recall: float = 0.3
    prompt_weight: float = 0.0
    max_prompt_tokens: int = 768
    max_edit_tokens: int = 192
    edits_per_row: int = 16

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            ConfigError: An end is missing, two options exclude each other, or a value is none.
        """
        super().__post_init__()
        if self.steps is None and self.minutes is None:
            raise ConfigError("a training needs an end: --steps or --minutes")
        check(self, "in 0 to 1", lambda x: 0 <= x <= 1, "prompt_weight")
        check(self, "in 0 to 1, 1 left out", lambda x: 0 <= x < 1, "recall")

    @property
    def layout(self) -> Layout:
        """How the model is asked."""
        return Layout(self.style, self.form)


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
        folder: Of the model.
        steps: Steps done.
        loss: Mean loss of the last steps.
        held_out: Held-out loss by group, nats per token of the edit.
        num_tokens: Tokens seen, prompts included.
        seconds: Time of the training.
    """

    folder: Path
    steps: int
    loss: float
    held_out: Mapping[str, HeldOut]
    num_tokens: int
    seconds: float


# ── Data ──────────────────────────────────────────────────────────────────────────────────────


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Part samples into what is trained on and what is held out.

    Families of the split "val" and recent commits are held out; "test" is in neither.
    """
    train = [sample for sample in samples if sample.split == "train" and not sample.recent]
    held = [s for s in samples if s.split == "val" or (s.recent and s.split != "test")]
    return train, held


def tokenizer_texts(samples: Sequence[Sample], layout: Layout, limit: int = 3_000) -> list[str]:
    """Return what a new tokenizer learns from: programs as the model sees them, and edits."""
    chosen = generator(0, "tokenizer", 0, 0).sample(samples, min(limit, len(samples)))
    texts = []
    for sample in chosen:
        shown = number_lines(sample.before) if layout.form == "numbered" else sample.before
        texts += [shown, sample.message, sample.after]
    return texts


class EditLessons:
    """Edits of all sources in their shares, with lines to recall at the beginning."""

    def __init__(self, mixture: Mixture, recall: float):
        """Take the sources and the share of recall at the beginning."""
        self._mixture = mixture
        self._recall = recall

    def rows(self, num_tokens: int, done: float) -> list[Row]:
        """Return the rows of the next step."""
        return list(self._mixture.rows(num_tokens, recall_share(self._recall, done)))

    @property
    def share_given(self) -> float:
        """Return 0: the edits come again and again."""
        return 0.0

    @property
    def place(self) -> list[list[int]]:
        """Where the mixture stands."""
        return self._mixture.place

    @place.setter
    def place(self, place: Sequence[Sequence[int]]) -> None:
        self._mixture.place = place


def recall_share(recall: float, done: float) -> float:
    """Return the share of recall that is wanted when a training is so far, `done` in [0, 1]."""
    return recall * max(0.0, 1 - done / RECALL_UNTIL)


# ── Training ──────────────────────────────────────────────────────────────────────────────────────


def train(
    samples: Mapping[str, Sequence[Sample]],
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
    origin: Mapping[str, str] | None = None,
) -> Result | None:
    """Train a diff model and write its folder.

    Args:
        samples: By source, "commits" and "runs".
        settings: Everything else that decides the result.
        folder: Of the result; holds the checkpoints meanwhile.
        resume: Go on from the last checkpoint in the folder.
        observe: Is told where the training stands.
        stop: Is asked after each step; a checkpoint is written before the training ends.
        origin: Where the samples of a source come from, for the card.

    Returns:
        What came of it; None if it was stopped.

    Raises:
        TrainingError: See `ulmus.errors`; the last good checkpoint stays.
    """
    machine = machines.machine()
    parts = {name: split(some) for name, some in samples.items() if some}
    if not parts:
        raise TrainingError("there is nothing to train on: give DATA or --runs")

    # What learns, and from what
    trainee = _trainee(settings, [s for train, _ in parts.values() for s in train])
    if settings.precision == "auto":
        settings = replace(settings, precision=machine.precision(trainee.num_weights))
    caps = Caps(settings.max_prompt_tokens, settings.max_edit_tokens, settings.edits_per_row)
    coder = Coder(trainee.tokenizer, settings.layout, caps, settings.prompt_weight, settings.rename)
    sources = [Source(name, part, coder, settings.seed) for name, (part, _) in parts.items()]
    recall = None
    if settings.base == "none" and settings.form == "numbered" and settings.recall:
        programs = [sample for train, _ in parts.values() for sample in train]
        recall = Recall("programs", programs, coder, settings.seed)
    mixture = Mixture(sources, _shares(settings, sources), recall)
    num_tokens = settings.tokens_per_step or (768 if trainee.adapter else 1024)

    # Steps
    lessons = EditLessons(mixture, settings.recall)
    ended = follow(
        settings, trainee, lessons, folder, machine, num_tokens=num_tokens,
        identity=_identity(settings, parts), resume=resume, observe=observe, stop=stop,
    )  # fmt: skip
    if ended is None:
        return None

    # What came of it
    plain = Coder(trainee.tokenizer, settings.layout, caps)
    held = held_out_rows([s for _, rest in parts.values() for s in rest], plain, settings.held_out)
    losses = held_out_loss(trainee.net, held, machine.device)
    result = Result(folder, ended.step, ended.loss, losses, ended.seen, ended.elapsed_s)
    if machine.is_main_process:
        card = model_card(trainee, settings, parts, result, coder.dropped, origin or {})
        known = [sample for train, _ in parts.values() for sample in train]
        bases.write_model(folder, trainee, asking(settings, known), card)
    return result


def asking(settings: Settings, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return ulmus.json: how the model wants to be asked, and for what it can be asked."""
    effects = shares_of_effects(samples)
    return {
        "style": settings.style,
        "form": settings.form,
        "max_prompt_tokens": settings.max_prompt_tokens,
        "max_edit_tokens": settings.max_edit_tokens,
        **({"effects": effects} if effects else {}),
    }


def _trainee(settings: Settings, samples: Sequence[Sample]) -> Trainee:
    layout = settings.layout
    if settings.base != "none":
        markers = layout.markers if settings.style == "special" else (END,)
        return bases.open_base(
            settings.base, settings.lora, settings.full, markers, settings.seed, settings.grow_to
        )
    if settings.style != "special":
        raise ConfigError("a new network speaks --style special; tags are for published models")
    trainee = bases.new_network(
        settings.size,
        tokenizer_texts(samples, layout),
        settings.vocabulary,
        whole_lines=settings.whole_lines,
        numbered=settings.form == "numbered",
        context=max(2048, settings.max_prompt_tokens + settings.max_edit_tokens),
        seed=settings.seed,
    )
    end_token(trainee.tokenizer)
    return trainee


def _shares(settings: Settings, sources: Sequence[Source]) -> list[float]:
    given = dict(settings.shares)
    names = [source.name for source in sources]
    for name in given:
        if name not in names:
            raise ConfigError(f"--mix speaks of {name}, but there are only {', '.join(names)}")
    shares = [given.get(name, 0.0 if given else 1.0) for name in names]
    if min(shares) <= 0:
        raise ConfigError(f"--mix must give each of {', '.join(names)} a share above 0")
    return shares


def _identity(
    settings: Settings, parts: Mapping[str, tuple[list[Sample], list[Sample]]]
) -> dict[str, Any]:
    """What must not change at a resume."""
    counts = {f"edits in {name}": len(train) for name, (train, _) in parts.items()}
    return {**settings.identity(), "shares": [list(pair) for pair in settings.shares], **counts}
