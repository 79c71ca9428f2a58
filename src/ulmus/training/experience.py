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
from ulmus.training.conditioned import Judge, said
from ulmus.training.inventors import Inventor, conditioned
from ulmus.training.networks import Llama
from ulmus.training.rollouts import Rollouts

if TYPE_CHECKING:
    from ulmus.training.conditional import Settings

MICRO_TOKENS = 4_096
"""Places of a batch that are computed at once; bounds the memory, changes nothing else."""

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
            {"params": terrains, "lr": settings.terrain_rate},
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
        advantages: (programs, length), normalised over all tokens.
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
    advantages[there] = ppo.normalised(raw[there])
    return Experience(terrains, rollouts, reference, values, advantages, raw + values)


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Sums:
    """Running means over the steps of an iteration, each step counting the same."""

    steps: int = 0
    totals: dict[str, float] = field(default_factory=dict)

    def add(self, values: Mapping[str, float]) -> None:
        self.steps += 1
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def mean(self, name: str) -> float:
        return self.totals.get(name, 0.0) / max(1, self.steps)


def learn(
    learners: Learners,
    optimizer: torch.optim.Optimizer,
    seen: Experience,
    settings: Settings,
    iteration: int,
) -> Learned:
    """Change the weights by what was seen, a few passes, or fewer if the policy moves too far."""
    sums, last_kl = _Sums(), 0.0
    for epoch in range(settings.epochs):
        rows = list(range(len(seen.terrains)))
        generator(settings.seed, "minibatches", iteration, epoch).shuffle(rows)
        for part in range(settings.minibatches):
            mine = rows[part :: settings.minibatches]
            found = add_gradients(learners, seen, mine, settings)
            last_kl = found["kl"]
            if last_kl > settings.kl_stop:
                optimizer.zero_grad()
                return _learned(sums, last_kl)
            policy = nn.utils.clip_grad_norm_(learners.policy.parameters(), settings.norm)
            judge = nn.utils.clip_grad_norm_(learners.judge.parameters(), settings.norm)
            if not math.isfinite(found["policy"] + found["value"] + float(policy + judge)):
                raise FloatingPointError
            optimizer.step()
            optimizer.zero_grad()
            sums.add({**found, "gradient": float(policy)})
    return _learned(sums, last_kl)


def add_gradients(
    learners: Learners, seen: Experience, rows: Sequence[int], settings: Settings
) -> dict[str, float]:
    """Add up the gradients of some programs; return the mean over their tokens of each figure."""
    lengths = seen.rollouts.lengths.tolist()
    total = sum(lengths[row] for row in rows)
    means = dict.fromkeys(("policy", "value", "clipped", "kl", "entropy"), 0.0)
    for some in in_micro_batches(rows, lengths):
        longest = max(lengths[row] for row in some)
        there = seen.there[some, :longest]

        def flat(matrix: Tensor, some: list[int] = some, there: Tensor = there) -> Tensor:
            return matrix[some, : there.shape[1]][there]

        tokens, which = seen.rollouts.tokens[some, :longest], seen.terrains[some]
        units = learners.policy.hidden(learners.policy.terrains()[which], tokens)
        told = learners.policy.log_probabilities(units[there])
        values = learners.judge.values(learners.judge.model.terrains()[which], tokens)[there]
        steps = ppo.policy_loss(
            said(told, tokens[there]), flat(seen.rollouts.log_probs), flat(seen.advantages),
            settings.clip,
        )  # fmt: skip
        error = ppo.value_loss(values, flat(seen.values), flat(seen.returns), settings.value_clip)
        share = int(there.sum()) / total
        ((steps.loss + error) * share).backward()
        entropy = -(told.detach().exp() * told.detach()).sum(-1).mean()
        figures = (steps.loss, error, steps.clipped, steps.kl, entropy)
        for name, value in zip(means, figures, strict=True):
            means[name] += share * float(value.detach())
    return means


def _learned(sums: _Sums, last_kl: float) -> Learned:
    return Learned(
        sums.steps, sums.mean("policy"), sums.mean("value"), sums.mean("clipped"), last_kl,
        sums.mean("entropy"), sums.mean("gradient"),
    )  # fmt: skip
