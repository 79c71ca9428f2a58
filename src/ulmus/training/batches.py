"""Rows on the device: padded side by side, and the loss on what they judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ulmus.training.bases import Borrowed
from ulmus.training.networks import Llama
from ulmus.training.rows import Row


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


class StepLoss(nn.Module):
    """The loss of a network on the rows of a step; what is lost says `forward`."""

    def __init__(self, net: Llama | Borrowed):
        super().__init__()
        self.net = net

    def weight(self, rows: Sequence[Row]) -> float:
        """Return what the losses of all rows of a step are divided by."""
        return sum(sum(row.weights) for row in rows)

    def arguments(
        self, rows: Sequence[Row], total: float, device: torch.device
    ) -> tuple[Tensor, ...]:
        """Return what `forward` wants of some rows of a step, whose weight in all is `total`."""
        return side_by_side(rows, total, device).parts_of()


class RowLoss(StepLoss):
    """The loss of a network on what a batch judges; everything else makes no logits."""

    def forward(
        self, tokens: Tensor, positions: Tensor, parts: Tensor, sources: Tensor, targets: Tensor,
        weights: Tensor,
    ) -> Tensor:  # fmt: skip
        """Return the weighted sum of the losses; arguments as in `Batch`."""
        hidden = self.net.hidden(tokens, positions, parts)
        logits = self.net.logits(hidden.flatten(0, 1)[sources]).float()
        losses = F.cross_entropy(logits, targets, reduction="none")
        return (losses * weights).sum()


def mean_loss(losing: StepLoss, rows: Sequence[Row], device: torch.device) -> float | None:
    """Return the loss on held-out rows, by their weight; None if there are none."""
    total = losing.weight(rows)
    if not total:
        return None
    was_training = losing.net.training
    losing.eval()
    with torch.no_grad():
        batches = (losing.arguments(some, total, device) for some in in_batches(rows, device))
        loss = sum(float(losing(*arguments)) for arguments in batches)
    losing.train(was_training)
    return loss
