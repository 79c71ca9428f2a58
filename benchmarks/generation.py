"""Tokens per CPU second that stage 3 draws, with what was seen remembered and without.

    python benchmarks/generation.py [--sizes 3m] [--rows 32] [--tokens 120]

"remembered" is `ulmus.training.rollouts.draw`; "anew" is the plain loop: for each token one pass
over all before it, for all rows together. Both draw the same programs, which is checked: equal
random numbers, random weights, nothing ends before the last token. One thread, CPU seconds of one
call each in one run.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor

from machine import print_rows, write_rows
from ulmus.training.conditioned import Conditioned
from ulmus.training.networks import Llama, shape_named
from ulmus.training.rollouts import chances_for, draw
from ulmus.training.terrains import Codes

VOCABULARY = 1_000
NEVER = -1  # no token ends a program here


@torch.no_grad()
def anew(model: Conditioned, prefixes: Tensor, chances: Tensor) -> Tensor:
    """Draw tokens, with a pass over the whole text for each of them."""
    rows, most = chances.shape
    tokens = torch.zeros(rows, 0, dtype=torch.long)
    for place in range(most):
        padded = torch.cat((tokens, torch.zeros(rows, 1, dtype=torch.long)), 1)
        units = model.hidden(prefixes, padded)[:, -1]
        sums = model.log_probabilities(units).exp().cumsum(-1)
        marks = (chances[:, place] * sums[:, -1])[:, None]
        choice = torch.searchsorted(sums, marks, right=True).clamp(max=sums.shape[-1] - 1)
        tokens = torch.cat((tokens, choice), 1)
    return tokens


def measure(size: str, rows: int, length: int) -> list[dict[str, object]]:
    """Return a row of the table for each way."""
    net = Llama(shape_named(size, VOCABULARY), 0)
    model = Conditioned(net, Codes(1, 1, torch.zeros(net.shape.width), 0), [1])
    prefixes = model.terrains().detach()[0].expand(rows, -1, -1)
    chances = chances_for(0, "benchmark", 0, rows, length)
    draw(model, prefixes, chances[:, :4], NEVER)
    start = time.process_time()
    fast = draw(model, prefixes, chances, NEVER).tokens
    middle = time.process_time()
    slow = anew(model, prefixes, chances)
    end = time.process_time()
    same = float((fast == slow).float().mean())
    speeds = {"remembered": rows * length / (middle - start), "anew": slow.numel() / (end - middle)}
    return [
        {
            "size": size,
            "way": way,
            "tokens_per_cpu_s": round(speed),
            "times_anew": round(speed / speeds["anew"], 1),
            "same_tokens_%": round(100 * same, 1),
        }
        for way, speed in speeds.items()
    ]


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["3m"])
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=120)
    parser.add_argument("--machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for size in given.sizes for row in measure(size, given.rows, given.tokens)]
    print_rows(rows)
    print(write_rows("generation", rows, given.machine))


if __name__ == "__main__":
    main()
