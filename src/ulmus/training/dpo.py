"""Direct preference optimisation: raise one answer over another (Rafailov et al. 2023).

Of a prompt x with the answers c, chosen, and r, rejected (arXiv 2305.18290, equation 7):

    margin    = log p(c | x) - log p(r | x)
    loss      = -log sigmoid(beta * (margin - margin of the starting model))
                + likelihood * (-log p(c | x) / number of tokens of c)

How it departs from the paper:
  - The second line: the first one alone is also lowered by making both answers unlikely, the
    rejected one more so. The term, per token, is that of Pang et al. 2024 (arXiv 2404.19733).
  - The margin of the starting model is a number that is kept with each pair, so no second network
    is in memory while the first one learns.
  - Pairs with one parent share its prompt in one row, see `ulmus.training.rows`.

At the start both margins are equal: the first line is log 2, whatever beta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ulmus.training.bases import Borrowed
from ulmus.training.batches import StepLoss, side_by_side
from ulmus.training.networks import Llama
from ulmus.training.rows import Row, packed


@dataclass(frozen=True)
class Contrast:
    """A pair as tokens.

    Attributes:
        prompt: Of both answers.
        chosen: Tokens that should become more likely.
        rejected: Tokens that should become less likely.
        group: What the figures of the pair are listed under, besides "all".
    """

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]
    group: str = ""


@dataclass(frozen=True)
class PairRow(Row):
    """Pairs whose prompts begin alike; parts 1, 3, ... are chosen answers, 2, 4, ... rejected.

    Attributes:
        groups: Of each pair.
        reference: Log-probability of each answer under the starting model, in nats, in the order
            of the parts.
    """

    groups: tuple[str, ...]
    reference: tuple[float, ...]

    @property
    def parts_judged(self) -> list[int]:
        """The part of each judged token; an answer's first token comes out of its own prompt."""
        return [self.parts[place] for place in self.sources]


def pair_row(contrasts: Sequence[Contrast]) -> PairRow:
    """Pack pairs into one row; what the starting model thinks of them is not known yet."""
    answers = [
        (contrast.prompt, answer, 1.0)
        for contrast in contrasts
        for answer in (contrast.chosen, contrast.rejected)
    ]
    row = packed(answers)
    groups = tuple(contrast.group for contrast in contrasts)
    return PairRow(
        row.tokens, row.positions, row.parts, row.sources, row.targets, row.weights, groups,
        (0.0,) * len(answers),
    )  # fmt: skip


class PairLoss(StepLoss):
    """The loss at the head of this file, mean over the pairs of a step."""

    def __init__(self, net: Llama | Borrowed, beta: float, likelihood: float):
        """Take the network, and how strong the two lines of the loss are."""
        super().__init__(net)
        self.beta = beta
        self.likelihood = likelihood

    def weight(self, rows: Sequence[Row]) -> float:
        """Return the number of pairs."""
        return float(sum(len(row.groups) for row in _pairs(rows)))

    def arguments(
        self, rows: Sequence[Row], total: float, device: torch.device
    ) -> tuple[Tensor, ...]:
        """Return what `forward` wants; see `StepLoss`."""
        pairs = _pairs(rows)
        reference = [number for row in pairs for number in row.reference]
        return (
            *_laid_out(pairs, device),
            torch.tensor(reference, device=device),
            torch.tensor(1 / total, device=device),
        )

    def forward(
        self, tokens: Tensor, positions: Tensor, parts: Tensor, sources: Tensor, targets: Tensor,
        answers: Tensor, reference: Tensor, share: Tensor,
    ) -> Tensor:  # fmt: skip
        """Return the sum of the losses of some pairs times the share of one pair.

        Args:
            tokens, positions, parts, sources, targets: As in `ulmus.training.batches.Batch`.
            answers: (judged tokens,), the answer that each belongs to.
            reference: (answers,), log-probabilities under the starting model, nats.
            share: Of one pair in the loss of the step.
        """
        sums = _sums(
            self.net, (tokens, positions, parts, sources, targets, answers), len(reference)
        )
        lengths = torch.bincount(answers, minlength=len(reference))
        return pair_losses(sums, reference, lengths, self.beta, self.likelihood).sum() * share


def pair_losses(
    sums: Tensor, reference: Tensor, lengths: Tensor, beta: float, likelihood: float
) -> Tensor:
    """Return the loss of each pair.

    Args:
        sums: (2 pairs,), log-probabilities of chosen, rejected, chosen, ..., nats.
        reference: The same under the starting model.
        lengths: Tokens of each answer.
        beta: How much a nat of the margin counts.
        likelihood: How much the loss of the chosen answer counts, per token.
    """
    gained = (sums - reference)[0::2] - (sums - reference)[1::2]
    return likelihood * -sums[0::2] / lengths[0::2] - F.logsigmoid(beta * gained)


# ── Without learning ──────────────────────────────────────────────────────────────────────────


def with_reference(
    net: Llama | Borrowed, rows: Sequence[PairRow], device: torch.device
) -> list[PairRow]:
    """Return the rows with what a network, the starting model, thinks of their answers."""
    return [
        replace(row, reference=sums)
        for row, sums in zip(rows, log_probabilities(net, rows, device), strict=True)
    ]


def log_probabilities(
    net: Llama | Borrowed, rows: Sequence[PairRow], device: torch.device
) -> list[tuple[float, ...]]:
    """Return for each row the log-probabilities of its answers in nats, as in `reference`."""
    was_training = net.training
    net.eval()
    with torch.no_grad():
        sums = [_sums(net, _laid_out([row], device), len(row.reference)) for row in rows]
    net.train(was_training)
    return [tuple(some.tolist()) for some in sums]


@dataclass(frozen=True)
class Ranking:
    """How a model ranks the answers of pairs.

    Attributes:
        num_pairs: Pairs judged.
        right: Share of them whose chosen answer is the more likely one.
        margin: Mean of how much more likely it is, nats.
        chosen: Mean log-probability of a chosen answer, nats per token.
        raised: Share of the pairs whose margin is larger than that of the starting model.
    """

    num_pairs: int
    right: float
    margin: float
    chosen: float
    raised: float


def rankings(rows: Sequence[PairRow], sums: Sequence[Sequence[float]]) -> dict[str, Ranking]:
    """Return how a model ranks the pairs, by group, "all" first; empty if there are none.

    Args:
        rows: With what the starting model thinks of them.
        sums: What the model thinks of them; see `log_probabilities`.
    """
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row, some in zip(rows, sums, strict=True):
        lengths = [row.parts_judged.count(part) for part in range(1, len(some) + 1)]
        for number, group in enumerate(row.groups):
            chosen, rejected = 2 * number, 2 * number + 1
            margin = some[chosen] - some[rejected]
            before = row.reference[chosen] - row.reference[rejected]
            figures = (margin, margin - before, some[chosen] / lengths[chosen])
            for name in dict.fromkeys(("all", group)):
                found.setdefault(name, []).append(figures)
    return {name: _ranking(figures) for name, figures in found.items()}


def _ranking(figures: Sequence[tuple[float, float, float]]) -> Ranking:
    count = len(figures)
    return Ranking(
        count,
        sum(margin > 0 for margin, _, _ in figures) / count,
        sum(margin for margin, _, _ in figures) / count,
        sum(chosen for _, _, chosen in figures) / count,
        sum(gained > 0 for _, gained, _ in figures) / count,
    )


# ── Rows on the device ────────────────────────────────────────────────────────────────────────


def _pairs(rows: Sequence[Row]) -> list[PairRow]:
    pairs = [row for row in rows if isinstance(row, PairRow)]
    assert len(pairs) == len(rows), "only rows of pairs can be compared"
    return pairs


def _laid_out(rows: Sequence[PairRow], device: torch.device) -> tuple[Tensor, ...]:
    """Return tokens, positions, parts, sources, targets, and the answer of each target."""
    batch = side_by_side(rows, 1.0, device)
    answers: list[int] = []
    first = 0
    for row in rows:
        answers += [first + part - 1 for part in row.parts_judged]
        first += len(row.reference)
    return (*batch.parts_of()[:-1], torch.tensor(answers, device=device))


def _sums(net: Llama | Borrowed, laid_out: tuple[Tensor, ...], num_answers: int) -> Tensor:
    """Return (answers,), the log-probability of each, nats."""
    tokens, positions, parts, sources, targets, answers = laid_out
    hidden = net.hidden(tokens, positions, parts)
    logits = net.logits(hidden.flatten(0, 1)[sources]).float()
    losses = F.cross_entropy(logits, targets, reduction="none")
    return -torch.zeros(num_answers, device=losses.device).index_add(0, answers, losses)
