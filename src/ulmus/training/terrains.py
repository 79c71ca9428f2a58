"""Terrains as a language model reads them: pictures, and networks that make a prefix (paper, 4.3).

A terrain network (TEN in the paper) gives one or several vectors of the width of a token; they
stand before the first token of a text, so everything that is written can look at them.

How this departs from the paper:
  - Pictures show the share of solid ground in squares of 1 u, 96 x 32 of them, in one channel; the
    paper gives neither size nor channels.
  - The network on pictures has three stages with residuals and 80 thousand weights; the paper:
    ResNet50, 24 million. It normalises by groups and not by batches, since a batch is the few
    terrains of a training, and ends in six columns of means and not in one, since it matters
    where a wall stands.
  - Both networks begin at one vector, that of the token which ends a text, so that before the
    first step the model writes about what stage 2 writes; the paper does not say how it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ulmus.errors import unknown_name
from ulmus.problems.sodarace.terrain import Polyline

Kind = Literal["codes", "picture"]
KINDS = ("codes", "picture")

LEFT, RIGHT = -48, 48
"""u. What a picture shows in x: the walls at 25, the tunnel from 20, the first pits and steps."""
BOTTOM, TOP = -8, 24
"""u. What it shows in y: pits of 8 below the floor, and more than the tunnel's ceiling at 8."""
PER_PIXEL = 8
"""Places across a pixel, in x and in y, at which ground is looked for; a pixel is 1 u."""

NOISE = 0.1
"""Deviation of what sets one terrain apart from another at the beginning, in units of the vector
that all begin at: so little that the policy still writes what stage 2 writes. A fixed deviation of
0.02 was two thirds of that vector in one model, which then wrote something else (19 nats apart per
program)."""


def picture(polylines: Sequence[Polyline]) -> npt.NDArray[np.float32]:
    """Draw a terrain.

    Args:
        polylines: Outlines with free space on their left, u; see `sodarace.terrain`.

    Returns:
        (TOP - BOTTOM, RIGHT - LEFT), share of solid ground in each square of 1 u, 0 to 1; row 0 is
        the highest, column 0 the leftmost, as in an image.
    """
    half = 0.5 / PER_PIXEL
    xs = np.arange((RIGHT - LEFT) * PER_PIXEL) / PER_PIXEL + LEFT + half
    ys = TOP - np.arange((TOP - BOTTOM) * PER_PIXEL) / PER_PIXEL - half
    solid = _outlines_above(polylines, xs, ys) > 0
    fine = solid.reshape(TOP - BOTTOM, PER_PIXEL, RIGHT - LEFT, PER_PIXEL)
    share: npt.NDArray[np.float32] = fine.mean((1, 3), dtype=np.float32)
    return share


def _outlines_above(
    polylines: Sequence[Polyline], xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Count the outlines above each place: floors, which run to the right, less ceilings.

    Straight up from a place in the ground the ground ends one time more than it begins; from a
    free place both happen equally often.
    """
    count = np.zeros((len(ys), len(xs)), dtype=np.int64)
    for line in polylines:
        for (x0, y0), (x1, y1) in pairwise(line):
            if x0 == x1:
                continue
            inside = np.flatnonzero((xs >= min(x0, x1)) & (xs < max(x0, x1)))
            heights = y0 + (y1 - y0) * (xs[inside] - x0) / (x1 - x0)
            above = ys[:, None] < heights[None, :]
            count[:, inside] += above if x1 > x0 else -above.astype(np.int64)
    return count


def size_of(start: Tensor) -> float:
    """Return the root mean square of a vector."""
    return float(start.detach().square().mean().sqrt())


class Codes(nn.Module):
    """One learned code per terrain, as if each were a token of its own.

    Attributes:
        codes: (terrains, vectors, width).
        unit: What a learning rate of 1 means, the size of the vector that all began at.
    """

    kind: Kind = "codes"

    def __init__(self, num_terrains: int, num_vectors: int, start: Tensor, seed: int):
        """Begin near `start`, the vector of a token, (width,)."""
        super().__init__()
        draws = torch.Generator().manual_seed(seed % 2**63)
        noise = torch.randn(num_terrains, num_vectors, len(start), generator=draws)
        self.unit = size_of(start)
        self.codes = nn.Parameter(start.detach().cpu() + NOISE * self.unit * noise)

    def forward(self) -> Tensor:
        """Return the prefixes of the terrains, (terrains, vectors, width)."""
        return self.codes


class Pictures(nn.Module):
    """A small convolutional network with residuals on pictures of terrains."""

    kind: Kind = "picture"
    unit = 1.0

    def __init__(self, pictures: Tensor, num_vectors: int, start: Tensor, seed: int):
        """Begin near `start`, (width,).

        Args:
            pictures: (terrains, rows, columns), see `picture`; those of `forward`.
            num_vectors: Vectors of a prefix.
            start: Vector of a token.
            seed: Of the weights.
        """
        super().__init__()
        self.num_vectors = num_vectors
        self.pictures: Tensor
        self.register_buffer("pictures", pictures.float(), persistent=False)
        self.enter = nn.Conv2d(1, 16, 3, 2, 1, bias=False)
        self.stages = nn.ModuleList([_Stage(16, 16, 1), _Stage(16, 32, 2), _Stage(32, 48, 2)])
        self.leave = nn.Linear(48 * 6, num_vectors * len(start))
        draws = torch.Generator().manual_seed(seed % 2**63)
        for weight in self.parameters():
            if weight.dim() >= 2:
                fan_in = weight[0].numel()
                nn.init.normal_(weight, 0.0, (2 / fan_in) ** 0.5, generator=draws)
        spread = NOISE * size_of(start) / (48 * 6) ** 0.5
        nn.init.normal_(self.leave.weight, 0.0, spread, generator=draws)
        with torch.no_grad():
            self.leave.bias.copy_(start.detach().cpu().repeat(num_vectors))

    def forward(self) -> Tensor:
        """Return the prefixes of the terrains, (terrains, vectors, width)."""
        return self.of(self.pictures)

    def of(self, pictures: Tensor) -> Tensor:
        """Return the prefixes of pictures, (pictures, rows, columns) to (..., vectors, width)."""
        x = self.enter(2 * pictures[:, None] - 1)
        for stage in self.stages:
            x = stage(x)
        columns = F.adaptive_avg_pool2d(x, (1, 6)).flatten(1)
        result: Tensor = self.leave(columns)
        return result.view(len(pictures), self.num_vectors, -1)


TerrainNetwork = Codes | Pictures


class _Stage(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.GroupNorm(4, after), nn.GroupNorm(4, after)])
        self.short = (
            nn.Identity()
            if before == after and stride == 1
            else nn.Conv2d(before, after, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norms[0](self.first(x)))
        result: Tensor = F.relu(self.norms[1](self.second(y)) + self.short(x))
        return result


def terrain_network(
    kind: str, grounds: Sequence[Sequence[Polyline]], num_vectors: int, start: Tensor, seed: int
) -> TerrainNetwork:
    """Make a terrain network.

    Args:
        kind: "codes" or "picture".
        grounds: Outlines of the terrains, in the order of the prefixes.
        num_vectors: Vectors of a prefix, at least 1.
        start: (width,), where prefixes begin.
        seed: Of the weights.

    Raises:
        ConfigError: There is no such kind.
    """
    if kind == "codes":
        return Codes(len(grounds), num_vectors, start, seed)
    if kind == "picture":
        return Pictures(pictures_of(grounds), num_vectors, start, seed)
    raise unknown_name("terrain network", kind, KINDS)


def pictures_of(grounds: Sequence[Sequence[Polyline]]) -> Tensor:
    """Draw terrains, (terrains, rows, columns)."""
    return torch.from_numpy(np.stack([picture(ground) for ground in grounds]))
