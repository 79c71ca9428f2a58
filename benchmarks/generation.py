"""Tokens per CPU second of stage 3: drawn with what was seen remembered and without, and learned.

    python benchmarks/generation.py [--sizes 3m] [--rows 32] [--tokens 120]

"remembered" is `ulmus.training.rollouts.draw`; "anew" is the plain loop: for each token one pass
over all before it, for all rows together. Both draw the same programs, which is checked: equal
random numbers, random weights, nothing ends before the last token. "looked back" is what the judge
and stage 2 say of them, "learned" one pass of policy and judge with gradients. One thread, CPU
seconds of one call each in one run.
"""

from __future__ import annotations

import argparse
import time

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from torch import Tensor

from machine import print_rows, write_rows
from ulmus.training.conditional import Settings
from ulmus.training.conditioned import Conditioned
from ulmus.training.experience import (
    Learners,
    add_judge_gradients,
    add_policy_gradients,
    look_back,
)
from ulmus.training.inventors import Inventor
from ulmus.training.machine import machine
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
    looking_s, learning_s = learn_once(net, chances)
    seconds = {
        "drawn, remembered": middle - start,
        "drawn, anew": end - middle,
        "looked back": looking_s,
        "learned": learning_s,
    }
    return [
        {
            "size": size,
            "way": way,
            "tokens_per_cpu_s": round(rows * length / spent_s),
            "times_anew": round((end - middle) / spent_s, 1) if "drawn" in way else "",
            "same_tokens_%": round(100 * same, 1) if "drawn" in way else "",
        }
        for way, spent_s in seconds.items()
    ]


def learn_once(net: Llama, chances: Tensor) -> tuple[float, float]:
    """Return the CPU seconds of looking back and of one pass of learning over new programs."""
    inventor = Inventor(net, Tokenizer(BPE()), {}, "", True, 0, chances.shape[1], "")
    settings = Settings(samples=len(chances))
    learners = Learners(inventor, settings)
    which = torch.arange(len(chances)) % len(settings.terrains)
    rollouts = draw(learners.policy, learners.policy.terrains()[which], chances, NEVER)
    start = time.process_time()
    seen = look_back(learners, which, rollouts, torch.zeros(len(chances)), settings)
    middle = time.process_time()
    add_policy_gradients(learners, seen, range(len(chances)), settings)
    add_judge_gradients(learners, seen, range(len(chances)), settings)
    return middle - start, time.process_time() - middle


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["3m"])
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=120)
    parser.add_argument("--machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine()  # keeps freed memory, as a training does
    rows = [row for size in given.sizes for row in measure(size, given.rows, given.tokens)]
    print_rows(rows)
    print(write_rows("generation", rows, given.machine))


if __name__ == "__main__":
    main()
