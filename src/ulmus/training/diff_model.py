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

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ulmus.diffs import number_lines
from ulmus.diffs.prompts import Layout
from ulmus.errors import ConfigError, TrainingError, unknown_name
from ulmus.mining.sample import Sample
from ulmus.seeding import generator
from ulmus.training import bases, checkpoints
from ulmus.training.accepted import shares_of_effects
from ulmus.training.bases import Borrowed, Trainee
from ulmus.training.card import model_card
from ulmus.training.evaluation import HeldOut, held_out_loss, held_out_rows
from ulmus.training.examples import Caps, Coder, Mixture, Recall, Row, Source
from ulmus.training.networks import Llama
from ulmus.training.tokenizer import END, end_token

RATES = {
    "tiny": 3e-3,
    "1m": 1.5e-3,
    "3m": 1e-3,
    "12m": 8e-4,
    "33m": 7e-4,
    "85m": 6e-4,
    "300m": 4e-4,
}
"""Learning rates from scratch by size; smaller for larger networks, as everywhere."""
ADAPTER_RATE = 7e-4
"""Of adapters; 6e-4 to 8e-4 were tried on SmolLM2-135M."""
CONTINUED_RATE = 5e-4
"""Of all weights of a network that has learned before."""
PRECISIONS = ("auto", "float32", "bfloat16")
RECALL_UNTIL = 0.7
"""Share of the training after which no more lines are asked for as they are."""

# ── Settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result, besides the data.

    Attributes:
        base: "none", a model or adapter folder, or a name on the hub.
        size: Of a new network; see `networks.SIZES`.
        vocabulary: Tokens of a new tokenizer, without those of line numbers.
        whole_lines: Tokens of a new tokenizer may reach over words.
        lora: Rank of an adapter; None decides by the size of the base.
        full: Train all weights, however large the base.
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
        tokens_per_step: Tokens between two changes of the weights; None: 1,024, adapters 768.
        rate: Highest learning rate; None decides by size and base.
        precision: Numbers that are multiplied, "float32" or "bfloat16"; "auto": bfloat16 on a GPU
            that has it, and for larger networks on a CPU with matrix units.
        steps: End after so many.
        minutes: End after so many, pauses between resumes left out; the schedule then follows the
            clock, so only `steps` gives the same weights again.
        warm_up: Share of the training in which the rate rises.
        decay: Weight decay of matrices.
        clip: Largest norm of the gradient.
        held_out: Edits in the held-out loss.
        save_every_s: Seconds between two checkpoints.
        seed: Of new weights, order, names and messages.
    """

    base: str = "none"
    size: str = "3m"
    vocabulary: int = 4096
    whole_lines: bool = False
    lora: int | None = None
    full: bool = False
    style: Literal["special", "tags"] = "special"
    form: str = "numbered"
    shares: tuple[tuple[str, float], ...] = ()
    rename: bool = False
    recall: float = 0.3
    prompt_weight: float = 0.0
    max_prompt_tokens: int = 768
    max_edit_tokens: int = 192
    edits_per_row: int = 16
    tokens_per_step: int | None = None
    rate: float | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    steps: int | None = None
    minutes: float | None = None
    warm_up: float = 0.03
    decay: float = 0.1
    clip: float = 1.0
    held_out: int = 200
    save_every_s: float = 300.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            ConfigError: An end is missing, two options exclude each other, or a value is none.
        """
        if self.steps is None and self.minutes is None:
            raise ConfigError("a training needs an end: --steps or --minutes")
        if self.lora and self.full:
            raise ConfigError("--lora and --full exclude each other")
        if self.lora and self.base == "none":
            raise ConfigError("--lora needs a --base: an adapter adapts something")
        if not 0 <= self.prompt_weight <= 1:
            raise ConfigError(f"--prompt-weight must lie in 0 to 1; got {self.prompt_weight}")
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        if not 0 <= self.recall < 1:
            raise ConfigError(f"--recall must lie in 0 to 1, 1 left out; got {self.recall}")

    @property
    def layout(self) -> Layout:
        """How the model is asked."""
        return Layout(self.style, self.form)


@dataclass(frozen=True)
class Report:
    """Where a training stands, for whoever watches.

    Attributes:
        step: Steps done.
        loss: Loss of the step, nats per judged token.
        tokens_per_s: Tokens per second of this process so far, prompts included.
        done: Share of the training, in [0, 1].
        left_s: Seconds that are left, as far as one can tell.
        rate: Learning rate.
    """

    step: int
    loss: float
    tokens_per_s: float
    done: float
    left_s: float
    rate: float


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


@dataclass(frozen=True)
class Batch:
    """Rows side by side, padded.

    Attributes:
        tokens, positions, parts: (rows, length); padding has part -1.
        sources: Places in the flattened rows whose output is judged.
        targets: The tokens that should come out there.
        weights: How much each counts, divided by the sum over the step.
    """

    tokens: Tensor
    positions: Tensor
    parts: Tensor
    sources: Tensor
    targets: Tensor
    weights: Tensor

    def parts_of(self) -> tuple[Tensor, ...]:
        """Return the tensors in order."""
        return self.tokens, self.positions, self.parts, self.sources, self.targets, self.weights


def side_by_side(rows: Sequence[Row], total: float, device: torch.device) -> Batch:
    """Pad rows to one length; `total` is the weight of all rows of the step."""
    length = max(len(row.tokens) for row in rows)

    def padded(lists: Sequence[list[int]], fill: int) -> Tensor:
        return torch.tensor([x + [fill] * (length - len(x)) for x in lists], device=device)

    sources = [place + n * length for n, row in enumerate(rows) for place in row.sources]
    return Batch(
        padded([row.tokens for row in rows], 0),
        padded([row.positions for row in rows], 0),
        padded([row.parts for row in rows], -1),
        torch.tensor(sources, device=device),
        torch.tensor([token for row in rows for token in row.targets], device=device),
        torch.tensor([w / total for row in rows for w in row.weights], device=device),
    )


def in_batches(rows: Sequence[Row], device: torch.device) -> list[list[Row]]:
    """Part rows so that padding and memory stay small: one by one on a CPU, by length on a GPU."""
    if device.type == "cpu":
        return [[row] for row in rows]
    room = 32_768
    batches: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: len(row.tokens), reverse=True):
        if not batches or len(batches[-1][0].tokens) * (len(batches[-1]) + 1) > room:
            batches.append([])
        batches[-1].append(row)
    return batches


# ── Loss ──────────────────────────────────────────────────────────────────────────────────────


class EditLoss(nn.Module):
    """The loss of a network on what a batch judges; everything else makes no logits."""

    def __init__(self, net: Llama | Borrowed):
        super().__init__()
        self.net = net

    def forward(
        self, tokens: Tensor, positions: Tensor, parts: Tensor, sources: Tensor, targets: Tensor,
        weights: Tensor,
    ) -> Tensor:  # fmt: skip
        """Return the weighted sum of the losses; arguments as in `Batch`."""
        hidden = self.net.hidden(tokens, positions, parts)
        logits = self.net.logits(hidden.flatten(0, 1)[sources]).float()
        losses = F.cross_entropy(logits, targets, reduction="none")
        return (losses * weights).sum()


# ── Schedule ──────────────────────────────────────────────────────────────────────────────────


def rate_at(done: float, highest: float, warm_up: float) -> float:
    """Return the learning rate: a straight rise, then a cosine down to a twentieth."""
    if done < warm_up:
        return highest * (done / warm_up * 0.98 + 0.02)
    fall = (done - warm_up) / max(1e-9, 1 - warm_up)
    return highest * (0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, fall))) / 2)


def recall_share(settings: Settings, done: float) -> float:
    """Return the share of recall that is wanted when a training is so far, `done` in [0, 1]."""
    return settings.recall * max(0.0, 1 - done / RECALL_UNTIL)


def share_done(settings: Settings, step: int, elapsed_s: float) -> float:
    """Return how far the training is, in [0, 1], by the limit that is nearest."""
    by_steps = step / settings.steps if settings.steps else 0.0
    by_clock = elapsed_s / (60 * settings.minutes) if settings.minutes else 0.0
    return min(1.0, max(by_steps, by_clock))


def highest_rate(settings: Settings, trainee: Trainee) -> float:
    """Return the rate of the settings, or the usual one of this kind of training."""
    if settings.rate is not None:
        return settings.rate
    if trainee.adapter:
        return ADAPTER_RATE
    return RATES.get(settings.size, 1e-3) if settings.base == "none" else CONTINUED_RATE


def optimizer_for(net: nn.Module, decay: float) -> torch.optim.Optimizer:
    """AdamW; matrices decay, norms do not."""
    weights = list(checkpoints.trained(net).values())
    return torch.optim.AdamW(
        [
            {"params": [w for w in weights if w.dim() >= 2], "weight_decay": decay},
            {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
        ],
        lr=0.0,
        betas=(0.9, 0.98),
        fused=True,
    )


# ── Loop ──────────────────────────────────────────────────────────────────────────────────────


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
    machine = _machine()
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
    highest = highest_rate(settings, trainee)

    # Where it stands
    judged = EditLoss(trainee.net)
    optimizer = optimizer_for(trainee.net, settings.decay)
    step, seen, earlier_s, recent = 0, 0, 0.0, [float("nan")]
    if resume:
        place = checkpoints.newest(folder)
        if place is None:
            raise TrainingError(f"there is no checkpoint in {folder} to go on from")
        checkpoint = checkpoints.load(place)
        _check_same(checkpoint.state, settings, parts, place)
        checkpoints.restore(checkpoint, trainee.net, optimizer, place)
        mixture.place = checkpoint.state["place"]
        step, seen = checkpoint.step, checkpoint.state["seen"]
        earlier_s, recent = checkpoint.state["elapsed_s"], checkpoint.state["recent"]
    judged, optimizer = machine.prepare(judged, optimizer)
    judged.train()
    started = time.monotonic()

    def elapsed() -> float:
        return earlier_s + time.monotonic() - started

    def keep() -> None:
        if not all(bool(w.isfinite().all()) for w in checkpoints.trained(trainee.net).values()):
            raise _no_number(step, folder)
        state = {
            "place": mixture.place, "seen": seen, "elapsed_s": elapsed(), "recent": recent,
            "identity": _identity(settings, parts),
        }  # fmt: skip
        if machine.is_main_process:
            checkpoints.save(folder, checkpoints.capture(step, trainee.net, optimizer, state))

    # Steps
    seen_before, saved, begun = seen, time.monotonic(), time.monotonic()
    while (done := share_done(settings, step, elapsed())) < 1:
        recalled = recall_share(settings, done)
        rows = list(mixture.rows(num_tokens * machine.num_processes, recalled))
        total = sum(sum(row.weights) for row in rows) / machine.num_processes
        mine = rows[machine.process_index :: machine.num_processes] or rows[:1]
        batches = in_batches(mine, machine.device)
        loss = torch.zeros((), device=machine.device)
        for number, some in enumerate(batches, start=1):
            batch = side_by_side(some, total, machine.device)
            with machine.accumulate(judged, last=number == len(batches)):
                with machine.numbers(settings.precision):
                    part = judged(*batch.parts_of())
                machine.backward(part)
            loss += part.detach()
        norm = machine.clip(checkpoints.trained(trainee.net).values(), settings.clip)
        value = machine.mean(loss)
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise _no_number(step, folder)
        rate = rate_at(done, highest, settings.warm_up)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        seen += sum(len(row.tokens) for row in rows)
        recent = [*(x for x in recent if x == x), value][-50:]
        after = share_done(settings, step, elapsed())
        left = elapsed() * (1 - after) / max(after, 1e-6)
        speed = (seen - seen_before) / max(1e-6, time.monotonic() - begun)
        observe(Report(step, value, speed, after, left, rate))
        if stop():
            keep()
            return None
        if time.monotonic() - saved > settings.save_every_s:
            keep()
            saved = time.monotonic()
    keep()

    # What came of it
    plain = Coder(trainee.tokenizer, settings.layout, caps)
    held = held_out_rows([s for _, rest in parts.values() for s in rest], plain, settings.held_out)
    losses = held_out_loss(trainee.net, held, machine.device)
    result = Result(folder, step, sum(recent) / len(recent), losses, seen, elapsed())
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
        return bases.open_base(settings.base, settings.lora, settings.full, markers, settings.seed)
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


# ── Checkpoints ───────────────────────────────────────────────────────────────────────────────


def _identity(settings: Settings, parts: Mapping[str, tuple[list[Sample], list[Sample]]]) -> Any:
    """What must not change at a resume; the end of the training may move."""
    free = ("steps", "minutes", "save_every_s", "held_out")
    kept = {key: value for key, value in asdict(settings).items() if key not in free}
    kept["shares"] = [list(pair) for pair in settings.shares]
    counts = {f"edits in {name}": len(train) for name, (train, _) in parts.items()}
    return kept | counts


def _check_same(
    state: Mapping[str, Any],
    settings: Settings,
    parts: Mapping[str, tuple[list[Sample], list[Sample]]],
    place: Path,
) -> None:
    now, then = _identity(settings, parts), state.get("identity", {})
    for key in sorted(now.keys() | then.keys()):
        if now.get(key) != then.get(key):
            raise TrainingError(
                f"{place} was trained with {key} = {then.get(key)!r}, now it is {now.get(key)!r}; "
                "resume with the same data and options, or start anew in another folder"
            )


def _no_number(step: int, folder: Path) -> TrainingError:
    kept = checkpoints.newest(folder)
    where = f"the last good checkpoint is {kept}" if kept else "no checkpoint was written yet"
    return TrainingError(
        f"after step {step} the loss is no finite number; the training ends, {where}. "
        "A smaller --rate helps"
    )


# ── Machine ───────────────────────────────────────────────────────────────────────────────────


def _machine() -> Any:
    from ulmus.training.machine import machine

    return machine()
