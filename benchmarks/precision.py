"""How fast a step of training is: float32, bfloat16 with any shapes, bfloat16 with shapes in steps.

A CPU's library writes a kernel for each shape that it multiplies in bfloat16; with texts of any
length nearly every shape is a new one. Networks of the given sizes train on programs of a data set,
about 1,024 tokens a step, one thread, and the ways take turns; with --adapter-on a base gets an
adapter, once through transformers and peft and once as a network of ours. In each turn two steps go
before those that count, since the library keeps a thousand kernels and the other ways have pushed
them out. The median of the turns counts, in tokens per CPU second.

python benchmarks/precision.py DATASET [--sizes 3m,12m] [--adapter-on NAME] [--rounds 8]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from machine import print_rows, write_rows
from ulmus.training import bases, networks
from ulmus.training import machine as machines
from ulmus.training.bases import Trainee, new_network, open_base
from ulmus.training.batches import RowLoss, in_batches
from ulmus.training.dataset import read_dataset
from ulmus.training.loop import optimizer_for
from ulmus.training.texts import TextLessons, encode

CONTEXT = TOKENS = 1_024
UNCOUNTED, COUNTED = 2, 4
"""Steps of a turn."""

_IN_STEPS = networks.ROW_STEP, networks._look_in_steps, networks._once


def in_steps(yes: bool) -> None:
    """Let lengths come in steps, or as they are, as torch's own attention takes them."""
    ways = _IN_STEPS if yes else (1, networks._look, lambda x: x)
    networks.ROW_STEP, networks._look_in_steps, networks._once = ways


def steps_of(trainee: Trainee, texts: list[str]) -> Callable[[str], float]:
    """Return what makes some steps in a precision and tells tokens per CPU second."""
    machine, losing = machines.Cpu(), RowLoss(trainee.net)
    optimizer = optimizer_for(trainee.net, 0.1)
    lessons = TextLessons(encode(texts, trainee.tokenizer, CONTEXT).texts, CONTEXT, seed=0)
    trainee.net.train()

    def steps(precision: str) -> float:
        begun, seen = time.process_time(), 0
        for number in range(UNCOUNTED + COUNTED):
            if number == UNCOUNTED:
                begun, seen = time.process_time(), 0
            rows = lessons.rows(TOKENS, 0.0)
            total = losing.weight(rows)
            for some in in_batches(rows, machine.device):
                with machine.numbers(precision):
                    loss = losing(*losing.arguments(some, total, machine.device))
                loss.backward()
            torch.nn.utils.clip_grad_norm_(trainee.net.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            seen += sum(len(row.tokens) for row in rows)
        return seen / (time.process_time() - begun)

    return steps


def in_turns(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of each way."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return {name: statistics.median(values) for name, values in found.items()}


def of_size(size: str, texts: list[str], rounds: int) -> dict[str, float]:
    """Compare the three ways for a new network."""
    trainee = new_network(
        size, texts[:500], 1024, whole_lines=True, numbered=False, context=2048, seed=0
    )
    steps = steps_of(trainee, texts)

    def way(precision: str, stepped: bool) -> Callable[[], float]:
        def go() -> float:
            in_steps(stepped)
            return steps(precision)

        return go

    return in_turns(
        {
            "float32": way("float32", False),
            "bfloat16": way("bfloat16", False),
            "bfloat16 in steps": way("bfloat16", True),
        },
        rounds,
    )


def of_adapter(base: str, texts: list[str], rounds: int) -> dict[str, float]:
    """Compare peft and ours, both in bfloat16."""
    in_steps(True)
    ours = steps_of(open_base(base, None, False, (), 0), texts)
    own, bases._own_network = bases._own_network, lambda base: None
    theirs = steps_of(open_base(base, None, False, (), 0), texts)
    bases._own_network = own
    ways = {"transformers and peft": theirs, "ours": ours}
    return in_turns({name: (lambda way=way: way("bfloat16")) for name, way in ways.items()}, rounds)


def main() -> None:
    """Parse the command line, train in turns, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--sizes", default="3m,12m")
    parser.add_argument("--adapter-on")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    texts = [row.text for row in read_dataset(given.dataset).train]
    tables = {size: of_size(size, texts, given.rounds) for size in given.sizes.split(",") if size}
    if given.adapter_on:
        tables[given.adapter_on] = of_adapter(given.adapter_on, texts, given.rounds)
    rows = [
        {
            "network": name,
            "way": way,
            "tokens_per_cpu_s": round(speed),
            "ratio": round(speed / first, 2),
        }
        for name, speeds in tables.items()
        for first in [next(iter(speeds.values()))]
        for way, speed in speeds.items()
    ]
    print_rows(rows)
    print(write_rows("precision", rows, given.machine))


if __name__ == "__main__":
    main()
