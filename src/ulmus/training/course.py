"""What the trainings of all stages can be told: where to start, how fast, and when to end.

Needs no torch. How a course is followed, `ulmus.training.loop` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ulmus.errors import ConfigError, unknown_name

RATES = {
    "tiny": 3e-3,
    "0.1m": 3e-3,
    "1m": 1.5e-3,
    "3m": 1e-3,
    "12m": 8e-4,
    "33m": 7e-4,
    "85m": 6e-4,
    "300m": 4e-4,
    "680m": 3e-4,
}
"""Learning rates from scratch by size; smaller for larger networks, as everywhere."""
ADAPTER_RATE = 7e-4
"""Of adapters; 6e-4 to 8e-4 were tried on SmolLM2-135M."""
CONTINUED_RATE = 5e-4
"""Of all weights of a network that has learned before."""
PRECISIONS = ("auto", "float32", "bfloat16")

FREE = ("steps", "minutes", "epochs", "save_every_s", "held_out", "readings")
"""Settings that may change at a resume: they decide when a training ends and what is watched."""


@dataclass(frozen=True)
class Course:
    """What a training starts from and how it runs, whatever is learned.

    Attributes:
        base: "none", a model or adapter folder, or a name on the hub.
        size: Of a new network; see `networks.SIZES`.
        grow_to: Size that the base grows into before it learns; see `training.growing`.
        vocabulary: Tokens of a new tokenizer, without those of line numbers.
        whole_lines: Tokens of a new tokenizer may reach over words.
        lora: Rank of an adapter; None decides by the size of the base.
        full: Train all weights, however large the base.
        tokens_per_step: Tokens between two changes of the weights; None: the usual number of the
            stage.
        rate: Highest learning rate; None decides by size and base.
        precision: Numbers that are multiplied, "float32" or "bfloat16"; "auto": bfloat16 on a GPU
            that has it, and for larger networks on a CPU with matrix units.
        steps: End after so many.
        minutes: End after so many, pauses between resumes left out; the schedule then follows the
            clock, so only `steps` gives the same weights again.
        warm_up: Share of the training in which the rate rises.
        decay: Weight decay of matrices.
        clip: Largest norm of the gradient.
        held_out: Held-out texts in the held-out loss.
        save_every_s: Seconds between two checkpoints.
        seed: Of new weights, order and all else that is drawn.
    """

    base: str = "none"
    size: str = "3m"
    grow_to: str | None = None
    vocabulary: int = 4096
    whole_lines: bool = False
    lora: int | None = None
    full: bool = False
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
            ConfigError: Two options exclude each other, or a value is none.
        """
        if self.lora and self.full:
            raise ConfigError("--lora and --full exclude each other")
        if self.lora and self.base == "none":
            raise ConfigError("--lora needs a --base: an adapter adapts something")
        if self.grow_to and (self.base == "none" or self.lora):
            raise ConfigError("--grow-to is for a --base all of whose weights are trained")
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        check(self, "above 0", above_0, "rate", "minutes", "clip")
        check(self, "at least 1", lambda x: x >= 1, "steps", "tokens_per_step", "lora")
        check(self, "0 or more", lambda x: 0 <= x < math.inf, "decay", "held_out", "save_every_s")
        check(self, "in 0 to 1, 1 left out", lambda x: 0 <= x < 1, "warm_up")

    def identity(self) -> dict[str, Any]:
        """Return what must stay the same at a resume."""
        return {key: value for key, value in asdict(self).items() if key not in FREE}


def check(settings: object, wanted: str, fits: Callable[[float], bool], *names: str) -> None:
    """Check that settings have values that make sense; None, which leaves one to us, is no value.

    Args:
        settings: Have all of `names` as attributes.
        wanted: What each value must be, in words.
        fits: Tells whether one is that; nothing fits that is no number.
        names: Of the settings, each an option with hyphens for underscores.

    Raises:
        ConfigError: One is not.
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not fits(value):
            raise ConfigError(f"--{name.replace('_', '-')} must be {wanted}; got {value}")


def above_0(value: float) -> bool:
    """Tell whether a number is above 0, and finite."""
    return 0 < value < math.inf


def highest_rate(course: Course, adapter: bool) -> float:
    """Return the rate of the course, or the usual one of this kind of training."""
    if course.rate is not None:
        return course.rate
    if adapter:
        return ADAPTER_RATE
    size = course.size if course.base == "none" else course.grow_to
    return CONTINUED_RATE if size is None else RATES.get(size, 1e-3)


def rate_at(done: float, highest: float, warm_up: float) -> float:
    """Return the learning rate: a straight rise, then a cosine down to a twentieth."""
    if done < warm_up:
        return highest * (done / warm_up * 0.98 + 0.02)
    fall = (done - warm_up) / max(1e-9, 1 - warm_up)
    return highest * (0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, fall))) / 2)


def share_done(course: Course, step: int, elapsed_s: float, share_given: float = 0.0) -> float:
    """Return how far a training is, in [0, 1], by the limit that is nearest.

    Args:
        course: With its ends.
        step: Steps done.
        elapsed_s: Time spent.
        share_given: How far it is by its data, 0 if they set no end.
    """
    by_steps = step / course.steps if course.steps else 0.0
    by_clock = elapsed_s / (60 * course.minutes) if course.minutes else 0.0
    return min(1.0, max(by_steps, by_clock, share_given))
