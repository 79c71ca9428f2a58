"""From programs and rewards to changed weights: what one iteration of stage 3 does with its batch.

The sums are in `ppo`; here they meet the networks.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ulmus.seeding import generator
from ulmus.training import ppo
from ulmus.training.collapse import Learned
from ulmus.training.conditioned import Conditioned, Judge, said
from ulmus.training.inventors import Inventor, conditioned
from ulmus.training.networks import Llama
from ulmus.training.rollouts import Rollouts

if TYPE_CHECKING:
    from ulmus.training.conditional import Settings

MICRO_TOKENS = 4_096
"""Places of a batch that are computed at once; bounds the memory, changes nothing else."""

LOOKED_AT = 32
"""Programs of an iteration that are asked how likely they are for another terrain."""

# ── What learns ───────────────────────────────────────────────────────────────────────────────


class Learners(nn.Module):
    """Policy and judge, both begun as the model of stage 2, and that model itself."""

    def __init__(self, inventor: Inventor, settings: Settings):
        """Make both from the inventor, whose network becomes the policy's."""
        super().__init__()
        fold_temperature(inventor.net, settings.temperature)
        told = settings.terrains, settings.terrain_network, settings.prefix_vectors, settings.seed
        self.policy = conditioned(inventor, *told)
        self.judge = Judge(copy.deepcopy(self.policy))
        self.stage_2 = copy.deepcopy(self.policy).requires_grad_(False)
        self.start: Tensor  # what stands before the prompt in stage 2
        self.register_buffer("start", inventor.own_prefix, persistent=False)

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Return the weights with their learning rates."""
        networks = (self.policy.terrains, self.judge.model.terrains)
        judge = [*self.judge.model.net.parameters(), *self.judge.value.parameters()]
        terrains = [weight for network in networks for weight in network.parameters()]
        return [
            {"params": list(self.policy.net.parameters()), "lr": settings.rate},
            {"params": terrains, "lr": settings.rate_of_terrains * self.policy.terrains.unit},
            {"params": judge, "lr": settings.value_rate},
        ]


@torch.no_grad()
def fold_temperature(net: Llama, temperature: float) -> None:
    """Divide all logits of a network by a temperature, once and for all.

    Logits are linear in what leaves the last norm, and that in the norm's weights.
    """
    net.model.norm.weight.div_(temperature)


def optimizer_for(learners: Learners, settings: Settings) -> torch.optim.Optimizer:
    """Adam without decay: the price on leaving stage 2 does that work.

    The large epsilon keeps steps small where gradients have been tiny: once the policy is sure,
    one odd program would else move all weights by their full rate.
    """
    return torch.optim.Adam(learners.groups(settings), betas=(0.9, 0.95), eps=1e-5, fused=True)


# ── Experience ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Experience:
    """What was written in one iteration, with all that the steps need.

    Attributes:
        terrains: (programs,), number of the terrain of each.
        rollouts: The programs.
        reference: (programs, length), log-probabilities under stage 2.
        values: (programs, length), what the judge foresaw.
        advantages: (programs, length), normalised over the tokens of each terrain.
        returns: (programs, length), what the judge should have foreseen.
    """

    terrains: Tensor
    rollouts: Rollouts
    reference: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor

    @property
    def there(self) -> Tensor:
        """Which places hold tokens, (programs, length)."""
        return ppo.present(self.rollouts.lengths, self.rollouts.tokens.shape[1])


def in_micro_batches(rows: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Part rows by length, so that little is padded and no part has too many places."""
    part: list[int] = []
    for row in sorted(rows, key=lambda row: lengths[row]):
        if part and lengths[row] * (len(part) + 1) > MICRO_TOKENS:
            yield part
            part = []
        part.append(row)
    yield part


@torch.no_grad()
def look_back(
    learners: Learners, terrains: Tensor, rollouts: Rollouts, rewards: Tensor, settings: Settings
) -> Experience:
    """Find out what the judge foresaw and what stage 2 would have said; compute advantages.

    Args:
        learners: The networks.
        terrains: (programs,).
        rollouts: The programs.
        rewards: (programs,), of whole programs.
        settings: Price, discount and trace.
    """
    values, reference = torch.zeros_like(rollouts.log_probs), torch.zeros_like(rollouts.log_probs)
    lengths = rollouts.lengths.tolist()
    prefixes, stage_2 = learners.judge.model.terrains(), learners.stage_2
    for rows in in_micro_batches(range(len(lengths)), lengths):
        longest = max(lengths[row] for row in rows)
        tokens = rollouts.tokens[rows, :longest]
        values[rows, :longest] = learners.judge.values(prefixes[terrains[rows]], tokens)
        units = stage_2.hidden(learners.start.expand(len(rows), -1, -1), tokens)
        reference[rows, :longest] = said(stage_2.log_probabilities(units), tokens)
    there = ppo.present(rollouts.lengths, rollouts.tokens.shape[1])
    values, reference = values * there, reference * there
    rewarded = ppo.token_rewards(
        rewards, rollouts.lengths, rollouts.log_probs, reference, settings.kl_weight
    )
    raw = ppo.advantages(rewarded, values, rollouts.lengths, settings.discount, settings.trace)
    advantages = torch.zeros_like(raw)
    for terrain in set(terrains.tolist()):
        mine = there & (terrains == terrain)[:, None]
        advantages[mine] = ppo.normalised(raw[mine])
    return Experience(terrains, rollouts, reference, values, advantages, raw + values)


@torch.no_grad()
def terrain_kl(policy: Conditioned, terrains: Tensor, rollouts: Rollouts) -> float | None:
    """Estimate how far what is written for one terrain is from what is written for another.

    The mean, over the first `LOOKED_AT` programs, of the log-probability of a program for its own
    terrain less that for another one; the others take turns. Its expectation is the divergence
    KL(own || other), a mean over pairs of terrains: 0 if the policy ignores the terrain.

    Args:
        policy: As it wrote them.
        terrains: (programs,), number of the terrain of each.
        rollouts: The programs.

    Returns:
        Nats per program; None if there is only one terrain.
    """
    prefixes = policy.terrains()
    count, rows = len(prefixes), torch.arange(len(terrains), device=terrains.device)
    if count < 2:
        return None
    others = (terrains + 1 + rows // count % (count - 1)) % count
    lengths = rollouts.lengths.tolist()
    looked_at = range(min(LOOKED_AT, len(lengths)))
    there = ppo.present(rollouts.lengths, rollouts.tokens.shape[1])
    total = 0.0
    for part in in_micro_batches(looked_at, lengths):
        longest = max(lengths[row] for row in part)
        tokens = rollouts.tokens[part, :longest]
        units = policy.hidden(prefixes[others[part]], tokens)
        elsewhere = said(policy.log_probabilities(units), tokens)
        apart = (rollouts.log_probs[part, :longest] - elsewhere) * there[part, :longest]
        total += float(apart.sum())
    return total / len(looked_at)


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────


def learn(
    learners: Learners,
    optimizer: torch.optim.Optimizer,
    seen: Experience,
    settings: Settings,
    iteration: int,
    best: tuple[Tensor, Rollouts] | None = None,
) -> Learned:
    """Change the weights by what was seen, at rates that fall in a line to the last iteration.

    Once the policy has moved too far only the judge goes on: what it foresees is worth the passes.

    Args:
        learners: The networks.
        optimizer: Of their weights.
        seen: What was written.
        settings: Rates, limits and passes.
        iteration: Iterations done before.
        best: Terrains and programs, the best so far, which the policy is to imitate besides.

    Raises:
        FloatingPointError: A loss or a gradient is no finite number; no weight was touched by it.
    """
    policy, judge, queue, last_kl, moving = _Means(), _Means(), _Means(), 0.0, True
    terrains, kept = best or (seen.terrains[:0], seen.rollouts)
    for group, usual in zip(optimizer.param_groups, learners.groups(settings), strict=True):
        group["lr"] = usual["lr"] * (1 - iteration / settings.iterations)
    for epoch in range(settings.epochs):
        rows = list(range(len(seen.terrains)))
        generator(settings.seed, "minibatches", iteration, epoch).shuffle(rows)
        imitated = list(range(len(terrains)))
        generator(settings.seed, "queue", iteration, epoch).shuffle(imitated)
        for part in range(settings.minibatches):
            mine, some = rows[part :: settings.minibatches], imitated[part :: settings.minibatches]
            if moving:
                found = add_policy_gradients(learners, seen, mine, settings)
                last_kl, moving = found["kl"], found["kl"] <= settings.kl_stop
            if moving and some:
                weight = settings.queue_weight
                error = add_queue_gradients(learners, terrains, kept, some, weight)
                queue.add({"loss": error})
            if moving:
                policy.add(found | {"gradient": _clipped(learners.policy, settings.norm)})
            else:
                learners.policy.zero_grad()
            error = add_judge_gradients(learners, seen, mine, settings)
            judge.add({"loss": error, "gradient": _clipped(learners.judge, settings.norm)})
            if not (policy.finite and judge.finite and queue.finite and math.isfinite(last_kl)):
                raise FloatingPointError
            optimizer.step()
            optimizer.zero_grad()
    return Learned(
        policy.count, policy.mean("loss"), judge.mean("loss"), policy.mean("clipped"), last_kl,
        policy.mean("entropy"), policy.mean("gradient"),
        queue.mean("loss") if queue.count else None,
    )  # fmt: skip


def add_policy_gradients(
    learners: Learners, seen: Experience, rows: Sequence[int], settings: Settings
) -> dict[str, float]:
    """Add up the gradients of some programs; return the mean over their tokens of each figure."""
    means = dict.fromkeys(("loss", "clipped", "kl", "entropy"), 0.0)
    for part in parts_of(seen.rollouts, rows):
        prefixes = learners.policy.terrains()[seen.terrains[part.rows]]
        units = learners.policy.hidden(prefixes, part.tokens)
        told = learners.policy.log_probabilities(units[part.there])
        steps = ppo.policy_loss(
            said(told, part.flat(seen.rollouts.tokens)),
            part.flat(seen.rollouts.log_probs),
            part.flat(seen.advantages),
            settings.clip,
        )
        (steps.loss * part.share).backward()  # type: ignore[no-untyped-call]
        entropy = -(told.detach().exp() * told.detach()).sum(-1).mean()
        figures = (steps.loss.detach(), steps.clipped, steps.kl, entropy)
        for name, value in zip(means, figures, strict=True):
            means[name] += part.share * float(value)
    return means


def add_judge_gradients(
    learners: Learners, seen: Experience, rows: Sequence[int], settings: Settings
) -> float:
    """Add up the gradients of some programs; return the mean loss over their tokens."""
    total = 0.0
    for part in parts_of(seen.rollouts, rows):
        prefixes = learners.judge.model.terrains()[seen.terrains[part.rows]]
        values = learners.judge.values(prefixes, part.tokens)[part.there]
        loss = ppo.value_loss(
            values, part.flat(seen.values), part.flat(seen.returns), settings.value_clip
        )
        (loss * part.share).backward()  # type: ignore[no-untyped-call]
        total += part.share * float(loss.detach())
    return total


def add_queue_gradients(
    learners: Learners, terrains: Tensor, kept: Rollouts, rows: Sequence[int], weight: float
) -> float:
    """Add up the gradients of imitating some programs; return their loss in nats per token.

    Args:
        learners: The networks.
        terrains: (programs,), for which each is among the best.
        kept: The programs.
        rows: Which of them, at least one.
        weight: Of the loss.
    """
    total = 0.0
    for part in parts_of(kept, rows):
        prefixes = learners.policy.terrains()[terrains[part.rows]]
        units = learners.policy.hidden(prefixes, part.tokens)
        told = learners.policy.log_probabilities(units[part.there])
        loss = -said(told, part.flat(kept.tokens)).mean()
        (weight * part.share * loss).backward()  # type: ignore[no-untyped-call]
        total += part.share * float(loss.detach())
    return total


@dataclass(frozen=True)
class Part:
    """Programs that are computed together.

    Attributes:
        rows: Their numbers in the batch.
        tokens: (rows, longest of them).
        there: Which of these places hold tokens.
        share: Of the tokens of the step.
    """

    rows: list[int]
    tokens: Tensor
    there: Tensor
    share: float

    def flat(self, matrix: Tensor) -> Tensor:
        """Return the tokens' entries of a matrix of the whole batch, (tokens,)."""
        return matrix[self.rows, : self.there.shape[1]][self.there]


def parts_of(rollouts: Rollouts, rows: Sequence[int]) -> Iterator[Part]:
    """Part the programs of a step so that they can be computed."""
    lengths = rollouts.lengths.tolist()
    total = sum(lengths[row] for row in rows)
    for some in in_micro_batches(rows, lengths):
        longest = max(lengths[row] for row in some)
        share = sum(lengths[row] for row in some) / total
        there = ppo.present(rollouts.lengths[some], longest)
        yield Part(some, rollouts.tokens[some, :longest], there, share)


def _clipped(net: nn.Module, norm: float) -> float:
    """Shorten the gradient of a network; return its norm before."""
    return float(nn.utils.clip_grad_norm_(net.parameters(), norm))


@dataclass
class _Means:
    """Running means over steps, each step counting the same."""

    count: int = 0
    totals: dict[str, float] = field(default_factory=dict)

    def add(self, values: Mapping[str, float]) -> None:
        self.count += 1
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def mean(self, name: str) -> float:
        return self.totals.get(name, 0.0) / max(1, self.count)

    @property
    def finite(self) -> bool:
        return all(map(math.isfinite, self.totals.values()))
