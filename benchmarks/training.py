"""How fast an inventor learns: our loop against a bare loop around transformers' Llama.

Both train a new network of one shape on the programs of a data set, about 2,048 tokens a step in
rows of 1,024, float32, one thread. The bare loop is what one writes first: programs one behind the
other with their end tokens, cut into full rows, each seeing all before it; loss, backward, clip,
AdamW. Ours keeps programs apart and leaves rows as full as they come. Time is CPU time; the two
take turns, and the median of the rounds counts.

python benchmarks/training.py DATASET [--size 3m] [--steps 4] [--rounds 3] [--machine NAME]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from machine import print_rows, write_rows
from ulmus.training import machine as machines
from ulmus.training.bases import Trainee, new_network
from ulmus.training.dataset import read_dataset
from ulmus.training.inventor import Settings
from ulmus.training.loop import follow, optimizer_for
from ulmus.training.texts import TextLessons, encode
from ulmus.training.tokenizer import end_token

CONTEXT = 1_024
ROWS = 2


def ours(trainee: Trainee, lessons: TextLessons, steps: int, size: str) -> tuple[int, float]:
    """Train with our loop; returns tokens and CPU seconds."""
    settings = Settings(size=size, steps=steps, context=CONTEXT, precision="float32")
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        ended = follow(
            settings, trainee, lessons, Path(folder), machines.Cpu(), num_tokens=ROWS * CONTEXT,
            identity={},
        )  # fmt: skip
    assert ended is not None
    return ended.seen, time.process_time() - begun


def bare(net: LlamaForCausalLM, tokens: torch.Tensor, steps: int) -> tuple[int, float]:
    """Train with a bare loop on (steps, rows, length) of tokens; returns tokens and CPU seconds."""
    begun = time.process_time()
    optimizer = optimizer_for(net, 0.1)
    net.train()
    for batch in tokens[:steps]:
        net(input_ids=batch, labels=batch, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
        optimizer.step()
        optimizer.zero_grad()
    return steps * ROWS * CONTEXT, time.process_time() - begun


def main() -> None:
    """Parse the command line, train in turns, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--size", default="3m")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    texts = [row.text for row in read_dataset(given.dataset).train]
    trainee = new_network(
        given.size, texts[:1_000], 4096, whole_lines=False, numbered=False, context=2048, seed=0
    )
    encoded = encode(texts, trainee.tokenizer, CONTEXT).texts
    lessons = TextLessons(encoded, CONTEXT, seed=0)
    stream = torch.tensor([token for text in encoded for token in text])
    wanted = given.steps * ROWS * CONTEXT
    tokens = stream.repeat(-(-wanted // len(stream)))[:wanted].view(-1, ROWS, CONTEXT)
    shape = trainee.net.shape.config(end_token(trainee.tokenizer))  # type: ignore[union-attr]
    net = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in shape.items() if k != "torch_dtype"}))
    speeds: dict[str, list[float]] = {"ulmus": [], "bare transformers": []}
    for turn in range(given.rounds + 1):
        for name, (seen, seconds) in (
            ("ulmus", ours(trainee, lessons, given.steps, given.size)),
            ("bare transformers", bare(net, tokens, given.steps)),
        ):
            if turn:  # the first turn warms up
                speeds[name].append(seen / seconds)
    reference = statistics.median(speeds["bare transformers"])
    rows = [
        {
            "loop": name,
            "size": given.size,
            "weights": trainee.num_weights,
            "tokens_per_cpu_s": round(statistics.median(values)),
            "lowest": round(min(values)),
            "highest": round(max(values)),
            "ratio": round(statistics.median(values) / reference, 2),
        }
        for name, values in speeds.items()
    ]
    print_rows(rows)
    print(write_rows("training", rows, given.machine))


if __name__ == "__main__":
    main()
