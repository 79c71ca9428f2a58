"""The sums of PPO against calculations by hand."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch

from ulmus.training import ppo


def close(tensor: torch.Tensor, *values: object) -> bool:
    return torch.allclose(tensor, torch.tensor(values), atol=1e-6)


def test_the_score_comes_at_the_last_token_and_every_token_has_a_price() -> None:
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -1.0, 9.0]])
    reference = torch.tensor([[-1.5, -2.0, -2.0], [-3.0, -1.0, 0.0]])
    rewards = ppo.token_rewards(
        torch.tensor([2.0, 0.0]), torch.tensor([3, 2]), log_probs, reference, kl_weight=0.1
    )
    # first text: -0.1 * 0.5, 0, -0.1 * -1 + 2; second: -0.1 * 2, 0, nothing behind the end
    assert close(rewards, [-0.05, 0.0, 2.1], [-0.2, 0.0, 0.0])


def test_advantages_by_hand() -> None:
    rewards = torch.tensor([[0.0, 0.0, 1.0], [0.5, 7.0, 7.0]])
    values = torch.tensor([[0.2, 0.4, 0.5], [0.1, 7.0, 7.0]])
    found = ppo.advantages(rewards, values, torch.tensor([3, 1]), discount=0.9, trace=0.5)
    # d3 = 1 - 0.5 = 0.5; d2 = 0.9 * 0.5 - 0.4 = 0.05; d1 = 0.9 * 0.4 - 0.2 = 0.16
    # A3 = 0.5; A2 = 0.05 + 0.45 * 0.5 = 0.275; A1 = 0.16 + 0.45 * 0.275 = 0.28375
    # second text: one token, 0.5 - 0.1, whatever stands behind its end
    assert close(found, [0.28375, 0.275, 0.5], [0.4, 0.0, 0.0])


def test_trace_one_is_return_minus_value_and_trace_zero_one_step() -> None:
    torch.manual_seed(0)
    rewards, values = torch.randn(2, 4), torch.randn(2, 4)
    lengths = torch.tensor([4, 4])
    whole = ppo.advantages(rewards, values, lengths, 1.0, 1.0)
    returns = rewards.flip(1).cumsum(1).flip(1)
    assert torch.allclose(whole, returns - values, atol=1e-5)
    step = ppo.advantages(rewards, values, lengths, 1.0, 0.0)
    later = torch.cat((values[:, 1:], torch.zeros(2, 1)), 1)
    assert torch.allclose(step, rewards + later - values, atol=1e-6)


def test_advantages_are_normalised() -> None:
    found = ppo.normalised(torch.tensor([1.0, 2.0, 3.0]))
    half = math.sqrt(1.5)
    assert close(found, -half, 0.0, half)
    assert close(ppo.normalised(torch.tensor([5.0, 5.0])), 0.0, 0.0)
    # a deviation of 0.001 is noise: divided by 0.02, not by itself
    assert close(ppo.normalised(torch.tensor([0.499, 0.501])), -0.05, 0.05)


def test_the_policy_loss_by_hand() -> None:
    ratios = torch.tensor([1.5, 1.5, 0.5, 0.5])
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0])
    then = torch.tensor([-1.0, -2.0, -1.0, -2.0])
    now = (then + ratios.log()).requires_grad_()
    found = ppo.policy_loss(now, then, advantages, clip=0.2)
    # min(1.5, 1.2) = 1.2; min(-1.5, -1.2) = -1.5; min(0.5, 0.8) = 0.5; min(-0.5, -0.8) = -0.8
    assert float(found.loss.detach()) == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)
    assert float(found.clipped) == 1.0
    found.loss.backward()
    assert now.grad is not None
    # a good token that has become likely enough, and a bad one that is rare enough, are left alone
    assert (now.grad != 0).tolist() == [False, True, True, False]


def test_the_divergence_is_that_of_the_distributions() -> None:
    then = torch.tensor([0.5, 0.3, 0.2])
    now = torch.tensor([0.4, 0.4, 0.2])
    exact = float((then * (then / now).log()).sum())
    draws = torch.multinomial(
        then, 200_000, replacement=True, generator=torch.Generator().manual_seed(1)
    )
    found = float(ppo.divergence(now.log()[draws], then.log()[draws]))
    assert found == pytest.approx(exact, rel=0.05)
    by_hand = sum(
        t * (n / t - 1 - math.log(n / t)) for t, n in zip(then.tolist(), now.tolist(), strict=True)
    )
    assert by_hand == pytest.approx(exact, rel=1e-5)


def test_the_value_loss_by_hand() -> None:
    values = torch.tensor([1.0, 2.0])
    then, returns = torch.tensor([0.0, 2.0]), torch.tensor([2.0, 0.0])
    assert float(ppo.value_loss(values, then, returns, None)) == pytest.approx((1 + 4) / 4)
    # held to 0.5, so the first error is 1.5 squared
    assert float(ppo.value_loss(values, then, returns, 0.5)) == pytest.approx((2.25 + 4) / 4)


def test_explained_variance() -> None:
    returns = torch.tensor([1.0, 2.0, 3.0])
    assert ppo.explained_variance(returns + 5, returns) == pytest.approx(1.0)
    assert ppo.explained_variance(torch.zeros(3), returns) == pytest.approx(0.0)
    assert ppo.explained_variance(-returns, returns) == pytest.approx(-3.0)
    assert ppo.explained_variance(returns, torch.ones(3)) == 0.0
