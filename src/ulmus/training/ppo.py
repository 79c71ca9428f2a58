"""The sums of PPO: rewards with a price on leaving stage 2, advantages, clipped losses.

Pure functions of tensors. A text is an episode, a token an action, and the state before a token is
all that stands before it. Matrices are (texts, tokens), padded behind; vectors hold the tokens of
several texts one after another, without padding.

Sources: PPO, Schulman et al. 2017 (arXiv 1707.06347), equations 7 and 9; GAE, Schulman et al. 2015
(arXiv 1506.02438), equation 16; the price per token, Ziegler et al. 2019 (arXiv 1909.08593),
equation 2; the estimate of a divergence from samples, Schulman 2020, "Approximating KL divergence",
k3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def present(lengths: Tensor, length: int) -> Tensor:
    """Return which places hold tokens, (texts, length), for the number of tokens of each text."""
    return torch.arange(length, device=lengths.device)[None, :] < lengths[:, None]


def token_rewards(
    scores: Tensor, lengths: Tensor, log_probs: Tensor, reference: Tensor, kl_weight: float
) -> Tensor:
    """Return the reward of each token: the score at the last one, a price at all.

    The price of a token is `kl_weight` times how much likelier the policy finds it than stage 2
    does; its mean over the policy's texts is the divergence of the policy from stage 2.

    Args:
        scores: (texts,).
        lengths: (texts,), tokens of each, at least 1.
        log_probs: (texts, tokens), of the policy that wrote them.
        reference: (texts, tokens), of stage 2.
        kl_weight: Price of one nat.

    Returns:
        (texts, tokens), 0 behind the end.
    """
    rewards = -kl_weight * (log_probs - reference) * present(lengths, log_probs.shape[1])
    rows = torch.arange(len(scores), device=scores.device)
    rewards[rows, lengths - 1] += scores
    return rewards


def advantages(
    rewards: Tensor, values: Tensor, lengths: Tensor, discount: float, trace: float
) -> Tensor:
    """Return how much better each token was than expected (generalised advantage estimate).

    With d_t = r_t + discount * V_(t+1) - V_t, where V behind the last token is 0, the advantage is
    A_t = d_t + discount * trace * A_(t+1). `trace` 1 is return minus value, 0 is d_t alone.

    Args:
        rewards, values: (texts, tokens).
        lengths: (texts,).
        discount: Of later rewards, gamma.
        trace: How far rewards reach back past the values, lambda.

    Returns:
        (texts, tokens), 0 behind the end.
    """
    there = present(lengths, rewards.shape[1]).to(rewards.dtype)
    found = torch.zeros_like(rewards)
    later = torch.zeros_like(rewards[:, 0])
    next_value = torch.zeros_like(later)
    for place in reversed(range(rewards.shape[1])):
        surprise = rewards[:, place] + discount * next_value - values[:, place]
        later = (surprise + discount * trace * later) * there[:, place]
        next_value = values[:, place] * there[:, place]
        found[:, place] = later
    return found


SMALLEST_DEVIATION = 0.02
"""Of advantages, in units of reward, that is still scaled up to 1. Once all programs of a toy were
as good as can be, what was left was noise of a thousandth, and scaled up to 1 it drove the policy
away from the optimum within three iterations."""


def normalised(advantages: Tensor) -> Tensor:
    """Shift a vector of advantages to mean 0 and scale it to deviation 1, less if it is noise."""
    centred = advantages - advantages.mean()
    return centred / centred.square().mean().sqrt().clamp(min=SMALLEST_DEVIATION)


@dataclass(frozen=True)
class PolicyLoss:
    """What a vector of tokens says about the policy.

    Attributes:
        loss: To go down; a mean over the tokens.
        clipped: Share of the tokens whose ratio is outside the range.
        kl: Divergence of the policy that wrote from the policy now, nats per token.
    """

    loss: Tensor
    clipped: Tensor
    kl: Tensor


def policy_loss(now: Tensor, then: Tensor, advantages: Tensor, clip: float) -> PolicyLoss:
    """Return the clipped loss of PPO.

    The ratio is exp(now - then). The loss is the mean of -min(ratio * A, clipped ratio * A), with
    the ratio clipped to 1 - clip .. 1 + clip: a step that has come so far gets no more gradient.

    Args:
        now: (tokens,), log-probabilities under the policy that learns.
        then: (tokens,), under the policy that wrote them.
        advantages: (tokens,).
        clip: Half the width of the range.
    """
    difference = now - then
    ratio = difference.exp()
    held = ratio.clamp(1 - clip, 1 + clip)
    loss = -torch.minimum(ratio * advantages, held * advantages).mean()
    with torch.no_grad():
        clipped = ((ratio - 1).abs() > clip).to(loss.dtype).mean()
    return PolicyLoss(loss, clipped, divergence(now, then).detach())


def divergence(now: Tensor, then: Tensor) -> Tensor:
    """Estimate KL(then || now) per token from tokens drawn by `then`: mean of exp(d) - 1 - d.

    d = now - then. Each term is at least 0, and the mean is unbiased.
    """
    difference = now - then
    return (difference.exp() - 1 - difference).mean()


def value_loss(values: Tensor, then: Tensor, returns: Tensor, clip: float | None) -> Tensor:
    """Return half the mean squared error of values.

    Args:
        values: (tokens,), now.
        then: (tokens,), when the texts were written.
        returns: (tokens,), what came.
        clip: How far a value may move from `then` before it gets no more gradient; None: as far
            as it likes.
    """
    error = (values - returns).square()
    if clip is not None:
        held = then + (values - then).clamp(-clip, clip)
        error = torch.maximum(error, (held - returns).square())
    return 0.5 * error.mean()


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """Return the share of the spread of returns that values foresaw; 0 where there is none.

    1 is perfect, 0 no better than one number for all, below 0 worse than that.
    """
    spread = returns.var(correction=0)
    if float(spread) <= 1e-12:
        return 0.0
    return float(1 - (returns - values).var(correction=0) / spread)
