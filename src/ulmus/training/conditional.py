"""Stage 3: a program model learns by reinforcement to invent for a terrain (paper, section 4).

Each iteration the policy writes programs for every terrain, the problem judges them, and PPO makes
what went better than foreseen likelier. A price on leaving the model of stage 2 is part of the
reward. How the pieces work: `terrains` (what a terrain is to a model), `conditioned` (policy and
judge), `rollouts` (writing), `experience` (one iteration's steps), `ppo` (sums), `collapse` (what
is watched), `cross` (the table at the end), `inventors` (folders).

How this departs from the paper:
  - Size: a policy of the size of the stage-2 model, 3 million weights in our own runs; the paper:
    300 million.
  - Batch and length: 96 programs and 120 iterations, what two CPU cores do in two hours; the
    paper: 1,024 and 100 on 32 GPUs. All terrains get equally many programs of a batch; the paper
    draws them uniformly.
  - Terrain networks are smaller, and begin where stage 2 is; see `terrains`.
  - Hyperparameters of PPO: the paper says "default" and gives none. Ours are below. Rewards are
    not discounted, a reward reaches all tokens (`trace` 1), and there is no bonus for entropy: the
    price on leaving stage 2 does that work.
  - Rates fall in a line to nothing at the last iteration. Once all programs for a terrain are one,
    gradients are small and Adam makes its full steps all the same: with constant rates the code of
    one terrain or another drifted off and lost everything within one iteration. The paper does not
    say.
  - Advantages are normalised within each terrain, so that a program is measured against what is
    written for its terrain, not against what is written for an easier one. The paper does not say.
  - The policy stands still for the rest of an iteration once it has moved too far (`kl_stop`); the
    judge learns on. The paper does not say.
  - The price per nat is not stated in the paper, nor is the unit of its rewards.
  - The policy starts as stage 2 at temperature 0.8 and is priced by its distance from that. A small
    stage-2 model writes few valid programs at 1 (of a quickly made one 8 % ran, 64 % at 0.7), and
    what is never valid teaches nothing. The paper does not say.
  - The best programs so far for each terrain are imitated besides, see `queue`; 0 leaves that out.
    PPO alone settles on fair programs that it meets often and forgets better ones that it met once.
  - A program that does not end within the longest length is invalid, whatever it says.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ulmus.errors import ConfigError, TrainingError, unknown_name
from ulmus.training import checkpoints, collapse, ppo
from ulmus.training.card import conditional_card
from ulmus.training.collapse import Iteration, Learned, Sample
from ulmus.training.course import above_0, check
from ulmus.training.cross import Cross, cross_table, write_samples
from ulmus.training.experience import (
    Experience,
    Learners,
    learn,
    look_back,
    optimizer_for,
    terrain_kl,
)
from ulmus.training.inventors import Inventor, open_inventor, write_conditional
from ulmus.training.machine import machine as this_machine
from ulmus.training.queue import Queue
from ulmus.training.rollouts import Rollouts, chances_for, draw
from ulmus.training.terrains import KINDS

Score = Callable[[Sequence[tuple[str, str]]], Sequence[float | None]]
"""From pairs of a program and a terrain to scores, None for a program that failed."""

TERRAIN_RATES = {"codes": 0.15, "picture": 3e-4}
"""Learning rates of terrain networks, of codes in units of `Codes.unit`. Codes at a tenth of that
rate moved the policy a thousandth as far as the language model's own weights did in the same steps,
and all terrains stayed one."""

# ── Settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result, besides the model of stage 2 and the scores.

    Attributes:
        terrains: Names of the terrains, at least one.
        terrain_network: "codes" or "picture"; see `terrains`.
        prefix_vectors: Vectors that a terrain becomes.
        samples: Programs per iteration, at least one per terrain.
        iterations: Iterations.
        max_tokens: Longest program, in tokens; None: as the model of stage 2 was taught.
        temperature: Divides the logits of stage 2 before anything begins, above 0. It is folded
            into the weights, so all that is said of the policy is said at temperature 1.
        epochs: How often each program is learned from.
        minibatches: Changes of the weights per epoch.
        rate: Learning rate of the language model at the first iteration; all rates fall in a line
            to nothing at the last one.
        terrain_rate: Of the terrain networks, see `TERRAIN_RATES`; None: as there.
        value_rate: Of the judge.
        clip: How far a token's ratio may move, see `ppo.policy_loss`.
        value_clip: How far a value may move, see `ppo.value_loss`; None: as far as it likes.
        discount: Of later rewards; 1 since all programs have an end.
        trace: How far a reward reaches back past the values, lambda. 1 by default: a program has
            one reward, at its end, and the judge knows little at the beginning; with 0.95 the
            first 100 of 200 tokens would hear nothing of it.
        kl_weight: Price of a nat away from stage 2, in units of reward.
        kl_stop: Nats per token that the policy may move in one iteration.
        norm: Largest norm of a gradient, of policy and judge each.
        queue: Best programs so far that are kept for each terrain and imitated besides; see
            `ulmus.training.queue`. 0: none. With it, each program is judged on all terrains.
        queue_weight: Of the loss of imitating them, beside that of PPO.
        reward_unit: The score that is worth 1. In ten seconds walkers of stage 2 come some 10 u
            far, good ones 100 u.
        judged: Programs per terrain that are scored on every terrain, before and after.
        cross_every: Do so each so many iterations as well; 0: never.
        save_every_s: Seconds between two checkpoints.
        seed: Of all random choices.
    """

    terrains: tuple[str, ...] = ("left_wall", "right_wall", "tunnel")
    terrain_network: str = "codes"
    prefix_vectors: int = 1
    samples: int = 96
    iterations: int = 120
    max_tokens: int | None = None
    temperature: float = 0.8
    epochs: int = 1
    minibatches: int = 4
    rate: float = 1e-4
    terrain_rate: float | None = None
    value_rate: float = 3e-4
    clip: float = 0.2
    value_clip: float | None = None
    discount: float = 1.0
    trace: float = 1.0
    kl_weight: float = 0.01
    kl_stop: float = 0.01
    norm: float = 1.0
    queue: int = 8
    queue_weight: float = 1.0
    reward_unit: float = 50.0
    judged: int = 32
    cross_every: int = 0
    save_every_s: float = 300.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            ConfigError: A value makes no sense.
        """
        if not self.terrains or len(set(self.terrains)) < len(self.terrains):
            raise ConfigError(
                f"--terrains must name different terrains; got {','.join(self.terrains) or 'none'}"
            )
        if self.terrain_network not in KINDS:
            raise unknown_name("terrain network", self.terrain_network, KINDS)
        if self.samples < max(len(self.terrains), self.minibatches):
            raise ConfigError(
                f"--samples must be at least {max(len(self.terrains), self.minibatches)}, one for "
                f"each terrain and each minibatch; got {self.samples}"
            )
        counts = ("iterations", "epochs", "minibatches", "prefix_vectors", "judged", "max_tokens")
        sizes = ("temperature", "value_clip", "kl_stop", "reward_unit", "norm")
        check(self, "at least 1", lambda x: x >= 1, *counts)
        check(
            self, "above 0", above_0, "rate", "terrain_rate", "value_rate", "queue_weight", *sizes
        )
        check(self, "in 0 to 1, 0 left out", lambda x: 0 < x <= 1, "clip", "discount", "trace")
        check(self, "0 or more", lambda x: 0 <= x < math.inf, "kl_weight", "save_every_s", "queue")

    @property
    def rate_of_terrains(self) -> float:
        """Learning rate of the terrain networks."""
        usual = TERRAIN_RATES[self.terrain_network]
        return usual if self.terrain_rate is None else self.terrain_rate


FREE = ("iterations", "save_every_s", "judged", "cross_every")
"""Settings that may change at a resume. Of these only the iterations change what an iteration does:
the rates fall to nothing at the last one."""


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
        folder: Of the model.
        iterations: Iterations done.
        before, after: Programs for each terrain, scored on every terrain.
        best: Best score per terrain of all programs written meanwhile.
        seconds: Time of the training.
    """

    folder: Path
    iterations: int
    before: Cross
    after: Cross
    best: Mapping[str, float]
    seconds: float


# ── Loop ──────────────────────────────────────────────────────────────────────────────────────


def train(
    start: Path,
    score: Score,
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    observe: Callable[[Iteration], None] = lambda iteration: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result | None:
    """Train a conditional inventor and write its folder.

    Args:
        start: Folder of the stage-2 model.
        score: Judges programs on terrains; equal calls must give equal scores.
        settings: Everything else that decides the result.
        folder: Of the result; holds log and checkpoints meanwhile.
        resume: Go on from the last checkpoint in the folder.
        observe: Is told what each iteration came to.
        stop: Is asked after each iteration; a checkpoint is written before the training ends.

    Returns:
        What came of it; None if it was stopped.

    Raises:
        ModelError: The folder of the stage-2 model is none.
        TrainingError: See `ulmus.errors`; the last good checkpoint stays.
        ConfigError: There is no such terrain or terrain network.
    """
    machine = this_machine()
    if machine.num_processes > 1:
        raise TrainingError("stage 3 trains in one process; leave `accelerate launch` out")
    device = machine.device

    # What learns
    inventor = open_inventor(start)
    most = _longest(inventor, settings)
    learners = Learners(inventor, settings).to(device)
    optimizer = optimizer_for(learners, settings)
    names, terrains = settings.terrains, terrains_of(settings.samples, len(settings.terrains))
    terrains = terrains.to(device)

    # Where it stands
    iteration, earlier_s = 0, 0.0
    best: dict[str, float] = dict.fromkeys(names, 0.0)
    before: Cross | None = None
    queue = Queue(names, settings.queue)
    if resume:
        identity = _identity(settings, inventor)
        place, checkpoint = checkpoints.go_on(folder, identity, "model")
        checkpoints.restore(checkpoint, learners, optimizer, place)
        iteration, earlier_s = checkpoint.step, checkpoint.state["elapsed_s"]
        best, before = checkpoint.state["best"], Cross.from_json(checkpoint.state["before"])
        queue.restore(checkpoint.state["queue"])
        collapse.cut(folder, iteration)
    started = saved = time.monotonic()

    def cross(purpose: str) -> Cross:
        return cross_table(
            learners.policy, inventor, names, score, settings.judged, most, settings.seed, purpose
        )

    def keep(begun: Cross) -> None:
        if not all(bool(w.isfinite().all()) for w in checkpoints.trained(learners).values()):
            raise _no_number(iteration, folder)
        state = {
            "elapsed_s": earlier_s + time.monotonic() - started, "best": best,
            "queue": queue.to_json(), "before": begun.to_json(),
            "identity": _identity(settings, inventor),
        }  # fmt: skip
        checkpoints.save(folder, checkpoints.capture(iteration, learners, optimizer, state))

    if before is None:
        before = cross("before")
        for one in before.written:
            if one.program is not None:
                queue.offer(one.program, one.scores)
        keep(before)
        collapse.append(folder, {"iteration": 0, "cross": before.to_json()})

    # Iterations
    while iteration < settings.iterations:
        clock = _Clock()
        chances = chances_for(settings.seed, "rollouts", iteration, settings.samples, most)
        with torch.no_grad():
            prefixes = learners.policy.terrains()[terrains]
        rollouts = draw(learners.policy, prefixes, chances.to(device), inventor.end)
        samples_told = rollouts.texts(inventor.tokenizer, inventor.prompt)
        clock.lap("writing")
        samples = judged(samples_told, [names[n] for n in terrains.tolist()], score)
        if settings.queue:
            remember(queue, samples, names, score)
        rewards = torch.tensor([(s.score or 0.0) / settings.reward_unit for s in samples])
        clock.lap("judging")
        seen = look_back(learners, terrains, rollouts, rewards.to(device), settings)
        between = terrain_kl(learners.policy, terrains, rollouts)
        best_programs = best_of(queue, inventor, most, device) if len(queue) else None
        clock.lap("looking")
        try:
            learned = learn(learners, optimizer, seen, settings, iteration, best_programs)
        except FloatingPointError:
            raise _no_number(iteration, folder) from None
        clock.lap("learning")
        iteration += 1
        reward = float(rewards.mean())
        told = figures(iteration, samples, seen, between, reward, learned, best, clock)
        best = {name: one.best_so_far for name, one in told.terrains.items()}
        line = told.to_json()
        if settings.cross_every and iteration % settings.cross_every == 0:
            line["cross"] = cross(f"after {iteration}").to_json()
        collapse.append(folder, line)
        observe(told)
        if stop():
            keep(before)
            return None
        if time.monotonic() - saved > settings.save_every_s:
            keep(before)
            saved = time.monotonic()
    keep(before)

    # What came of it
    after = cross("after")
    write_samples(folder, after)
    seconds = earlier_s + time.monotonic() - started
    result = Result(folder, iteration, before, after, best, seconds)
    asking = {
        "terrains": list(names),
        "terrain_network": settings.terrain_network,
        "prefix_vectors": settings.prefix_vectors,
        "max_tokens": most,
    }
    card = conditional_card(str(start.resolve().name), inventor, settings, result)
    write_conditional(folder, inventor, learners.policy, asking, card)
    return result


def terrains_of(count: int, num_terrains: int) -> Tensor:
    """Return the terrain of each program of a batch: all in turn."""
    return torch.arange(count) % num_terrains


def judged(programs: Sequence[str | None], terrains: Sequence[str], score: Score) -> list[Sample]:
    """Score programs, each on its terrain; those that did not end are not run."""
    pairs = [(p, t) for p, t in zip(programs, terrains, strict=True) if p is not None]
    scores = iter(score(pairs))
    return [
        Sample(terrain, program, None if program is None else next(scores))
        for program, terrain in zip(programs, terrains, strict=True)
    ]


def remember(queue: Queue, samples: Sequence[Sample], names: Sequence[str], score: Score) -> None:
    """Judge programs on the other terrains as well and keep those that are among the best."""
    others = [
        (sample.program, name)
        for sample in samples
        for name in names
        if sample.program is not None and name != sample.terrain
    ]
    elsewhere = dict(zip(others, score(others), strict=True))
    for sample in samples:
        if sample.program is not None:
            found = {name: elsewhere.get((sample.program, name)) for name in names}
            queue.offer(sample.program, found | {sample.terrain: sample.score})


def best_of(
    queue: Queue, inventor: Inventor, most: int, device: torch.device
) -> tuple[Tensor, Rollouts]:
    """Return the terrains and programs of a queue as the policy writes them, `most` tokens each."""

    def tokens_of(program: str) -> list[int]:
        rest = program.removeprefix(inventor.prompt)
        return [*inventor.tokenizer.encode(rest, add_special_tokens=False).ids, inventor.end]

    terrains, programs = queue.batch(tokens_of, most)
    return terrains.to(device), programs.to(device)


def figures(
    iteration: int,
    samples: Sequence[Sample],
    seen: Experience,
    between: float | None,
    reward: float,
    learned: Learned,
    best: Mapping[str, float],
    clock: _Clock,
) -> Iteration:
    """Put together what an iteration came to."""
    there = seen.there
    apart = ((seen.rollouts.log_probs - seen.reference) * there).sum()
    by_terrain = collapse.by_terrain(samples, list(best), best)
    shared = collapse.shared(samples)
    return Iteration(
        iteration=iteration,
        reward=reward,
        terrains=by_terrain,
        shared=shared,
        kl=float(apart) / len(samples),
        kl_per_token=float(apart / there.sum()),
        terrain_kl=between,
        explained_variance=ppo.explained_variance(seen.values[there], seen.returns[there]),
        learned=learned,
        tokens=int(there.sum()),
        seconds=clock.laps,
        warnings=collapse.warnings_of(iteration, by_terrain, shared, between),
    )


class _Clock:
    """Tells how long each part of an iteration took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _longest(inventor: Inventor, settings: Settings) -> int:
    """Return the longest program in tokens, checked against what the network can see."""
    room = inventor.net.shape.context - settings.prefix_vectors - len(inventor.prompt_tokens)
    if settings.max_tokens is None:
        return min(inventor.max_tokens, room)
    if settings.max_tokens > room:
        raise ConfigError(
            f"--max-tokens must be at most {room}, what the network sees less prefix and prompt; "
            f"got {settings.max_tokens}"
        )
    return settings.max_tokens


# ── Checkpoints ───────────────────────────────────────────────────────────────────────────────


def _identity(settings: Settings, inventor: Inventor) -> dict[str, Any]:
    """What must not change at a resume; the end of the training may move."""
    kept = {key: value for key, value in asdict(settings).items() if key not in FREE}
    return {**kept, "terrains": list(settings.terrains), "stage-2 model": inventor.fingerprint}


def _no_number(iteration: int, folder: Path) -> TrainingError:
    return checkpoints.no_number(folder, f"after iteration {iteration} a loss or a weight")
