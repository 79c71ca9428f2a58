"""The loop of all trainings: draw rows, lower their loss, keep checkpoints, end in time.

What is learned says a stage (`diff_model`, `inventor`), as `Lessons`; how long and how fast, its
`Course`. A stopped or killed training goes on from its last checkpoint; with `steps` as its end it
comes to the same weights, bit for bit, as one that was not stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from ulmus.errors import TrainingError
from ulmus.training import checkpoints
from ulmus.training.bases import Trainee
from ulmus.training.batches import RowLoss, StepLoss, in_batches
from ulmus.training.course import Course, highest_rate, rate_at, share_done
from ulmus.training.machine import Machine, Precision
from ulmus.training.rows import Row

C = TypeVar("C", bound=Course)

RECENT = 50
"""Steps whose mean loss is the loss of the training."""


class Lessons(Protocol):
    """What a training learns, in an order that depends on nothing but its place."""

    place: Any
    """Where it stands, as plain data; set to go on from there."""

    def rows(self, num_tokens: int, done: float) -> Sequence[Row]:
        """Return the rows of the next step, about `num_tokens`; `done` is how far we are."""
        ...

    @property
    def share_given(self) -> float:
        """How far the training is by its data, in [0, 1]; 0 if they set no end."""
        ...


@dataclass(frozen=True)
class Reading:
    """A look at the training while it runs.

    Attributes:
        step: Steps done.
        num_tokens: Tokens seen.
        loss: Mean loss of the steps before.
        test_loss: Loss on held-out texts; None if there are none.
    """

    step: int
    num_tokens: int
    loss: float
    test_loss: float | None


@dataclass(frozen=True)
class Report:
    """Where a training stands, for whoever watches.

    Attributes:
        step: Steps done.
        loss: Loss of the step; of what and per what, its stage says.
        tokens_per_s: Tokens per second of this process so far, prompts included.
        done: Share of the training, in [0, 1].
        left_s: Seconds that are left, as far as one can tell.
        rate: Learning rate.
        reading: Of this step, if one was due.
    """

    step: int
    loss: float
    tokens_per_s: float
    done: float
    left_s: float
    rate: float
    reading: Reading | None = None


@dataclass
class Standing:
    """Where a training stands, for its checkpoints and its end.

    Attributes:
        step: Steps done.
        seen: Tokens seen, prompts included.
        elapsed_s: Time spent, pauses left out.
        recent: Losses of the last steps.
        readings: All so far.
    """

    step: int = 0
    seen: int = 0
    elapsed_s: float = 0.0
    recent: list[float] = field(default_factory=lambda: [float("nan")])
    readings: list[Reading] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """Mean loss of the last steps."""
        return sum(self.recent) / len(self.recent)


def decided(
    course: C, trainee: Trainee, machine: Machine, tokens_per_step: int, slower: float = 1.0
) -> C:
    """Return a course with what was left to us.

    Args:
        course: What was asked for.
        trainee: Its kind and size decide.
        machine: Knows what it multiplies fast.
        tokens_per_step: The usual number of the stage.
        slower: Divides the usual rate.
    """
    precision, rate = course.precision, course.rate
    return replace(
        course,
        precision=machine.precision(trainee.num_weights) if precision == "auto" else precision,
        rate=highest_rate(course, trainee.adapter) / slower if rate is None else rate,
        tokens_per_step=course.tokens_per_step or tokens_per_step,
    )


def follow(
    course: Course,
    trainee: Trainee,
    lessons: Lessons,
    folder: Path,
    machine: Machine,
    *,
    num_tokens: int,
    identity: Mapping[str, Any],
    losing: StepLoss | None = None,
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
    examine: Callable[[], float | None] | None = None,
    num_readings: int = 0,
) -> Standing | None:
    """Follow a course to its end; a checkpoint of the end is kept.

    Args:
        course: How fast, and when to end; its precision is decided.
        trainee: Learns.
        lessons: What it learns.
        folder: Holds the checkpoints.
        machine: Computes.
        num_tokens: Tokens of a step, per process.
        identity: What must be the same at a resume, as plain data.
        losing: The loss, with the trainee's network in it; None: on the judged tokens (`RowLoss`).
        resume: Go on from the last checkpoint in the folder.
        observe: Is told where the training stands, after each step.
        stop: Is asked after each step; a checkpoint is written before the training ends.
        examine: Returns the held-out loss.
        num_readings: How often it is asked for, evenly spaced; the last time is at the end.

    Returns:
        How it ended; None if it was stopped.

    Raises:
        TrainingError: See `ulmus.errors`; the last good checkpoint stays.
    """
    optimizer = optimizer_for(trainee.net, course.decay)
    stands = Standing()
    if resume:
        stands = _go_on(folder, identity, trainee.net, optimizer, lessons)
    losing = losing or RowLoss(trainee.net)
    judged, optimizer = machine.prepare(losing, optimizer)
    judged.train()
    highest = highest_rate(course, trainee.adapter)
    precision = course.precision
    assert precision != "auto", "the stage asks the machine before it says who it is"
    earlier_s, begun, seen_before = stands.elapsed_s, time.monotonic(), stands.seen

    def elapsed() -> float:
        return earlier_s + time.monotonic() - begun

    def done() -> float:
        return share_done(course, stands.step, elapsed(), lessons.share_given)

    def read() -> Reading:
        test_loss = examine() if examine else None
        stands.readings.append(Reading(stands.step, stands.seen, stands.loss, test_loss))
        return stands.readings[-1]

    def keep() -> None:
        stands.elapsed_s = elapsed()
        _keep(folder, stands, trainee.net, optimizer, lessons, identity, machine)

    saved = begun
    while (now := done()) < 1:
        rows = lessons.rows(num_tokens * machine.num_processes, now)
        rate = rate_at(now, highest, course.warm_up)
        value = _learn(rows, losing, judged, optimizer, rate, course.clip, precision, machine)
        if value is None:
            raise _no_number(stands.step, folder)
        stands.step += 1
        stands.seen += sum(len(row.tokens) for row in rows)
        stands.recent = [*(x for x in stands.recent if x == x), value][-RECENT:]
        after = done()
        left = elapsed() * (1 - after) / max(after, 1e-6)
        speed = (stands.seen - seen_before) / max(1e-6, time.monotonic() - begun)
        due = int(after * num_readings) > int(now * num_readings)
        reading = read() if due else None
        observe(Report(stands.step, value, speed, after, left, rate, reading))
        if stop():
            keep()
            return None
        if time.monotonic() - saved > course.save_every_s:
            keep()
            saved = time.monotonic()
    if num_readings and (not stands.readings or stands.readings[-1].step < stands.step):
        read()
    keep()
    return stands


def _learn(
    rows: Sequence[Row], losing: StepLoss, judged: nn.Module, optimizer: torch.optim.Optimizer,
    rate: float, longest: float, precision: Precision, machine: Machine,
) -> float | None:  # fmt: skip
    """Change the weights once; returns the loss, None if it or the gradient is no number.

    `judged` is `losing` as the machine has prepared it, `longest` the length to which a longer
    gradient is cut.
    """
    total = losing.weight(rows) / machine.num_processes
    mine = rows[machine.process_index :: machine.num_processes] or rows[:1]
    batches = in_batches(mine, machine.device)
    loss = torch.zeros((), device=machine.device)
    for number, some in enumerate(batches, start=1):
        arguments = losing.arguments(some, total, machine.device)
        with machine.accumulate(judged, last=number == len(batches)):
            with machine.numbers(precision):
                part = judged(*arguments)
            machine.backward(part)
        loss += part.detach()
    norm = machine.clip(checkpoints.trained(judged).values(), longest)
    value = machine.mean(loss)
    if not (math.isfinite(value) and math.isfinite(norm)):
        return None
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    return value


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


# ── Checkpoints ───────────────────────────────────────────────────────────────────────────────


def _keep(
    folder: Path, stands: Standing, net: nn.Module, optimizer: torch.optim.Optimizer,
    lessons: Lessons, identity: Mapping[str, Any], machine: Machine,
) -> None:  # fmt: skip
    if not all(bool(w.isfinite().all()) for w in checkpoints.trained(net).values()):
        raise _no_number(stands.step, folder)
    state = {**asdict(stands), "place": lessons.place, "identity": dict(identity)}
    if machine.is_main_process:
        checkpoints.save(folder, checkpoints.capture(stands.step, net, optimizer, state))


def _go_on(
    folder: Path, identity: Mapping[str, Any], net: nn.Module, optimizer: torch.optim.Optimizer,
    lessons: Lessons,
) -> Standing:  # fmt: skip
    """Put back what the last checkpoint holds.

    Raises:
        TrainingError: There is none, it is damaged, or of other data or settings.
    """
    place, checkpoint = checkpoints.go_on(folder, identity, "data")
    state = checkpoint.state
    checkpoints.restore(checkpoint, net, optimizer, place)
    lessons.place = state["place"]
    return Standing(
        checkpoint.step, state["seen"], state["elapsed_s"], list(state["recent"]),
        [Reading(**reading) for reading in state.get("readings", [])],
    )  # fmt: skip


def _no_number(step: int, folder: Path) -> TrainingError:
    return checkpoints.no_number(folder, f"after step {step} the loss")
