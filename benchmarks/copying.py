"""What it brings to start with heads that copy: lines said again, and the loss on edits.

    python benchmarks/copying.py --runs RUN... [--size 3m] [--minutes 3] [--seed 1]

Three new networks learn the accepted edits of runs for so many minutes of processor time each, on
one thread and from the same rows: "plain" from random weights alone, "heads" with
`ulmus.training.copying`, "heads, recall" with the recall of `ulmus train diff` as well. One row per
network and quarter of the time: steps, loss on held-out edits (nats per token), and the shares of
tokens and of whole lines of held-out programs that it says right if asked for a line by its number.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from machine import print_rows, write_rows
from ulmus.mining.sample import Sample
from ulmus.training.accepted import edits_of_runs
from ulmus.training.bases import new_network
from ulmus.training.batches import RowLoss, side_by_side
from ulmus.training.course import RATES, rate_at
from ulmus.training.diff_model import Settings, recall_share, split, tokenizer_texts
from ulmus.training.evaluation import HeldOutRow, held_out_loss, held_out_rows
from ulmus.training.examples import Caps, Coder, Mixture, Recall, Source
from ulmus.training.loop import optimizer_for
from ulmus.training.networks import Llama
from ulmus.training.rows import Row

CPU = torch.device("cpu")
ARMS = ("plain", "heads", "heads, recall")
TOKENS_PER_STEP = 1_024


def said_right(net: Llama, rows: Sequence[Row]) -> tuple[float, float]:
    """Return the shares of tokens and of lines that are the most likely ones."""
    tokens: list[bool] = []
    lines: list[bool] = []
    with torch.no_grad():
        for row in rows:
            batch = side_by_side([row], 1.0, CPU)
            hidden = net.hidden(batch.tokens, batch.positions, batch.parts)
            best = net.logits(hidden.flatten(0, 1)[batch.sources]).argmax(-1)
            right = (best == batch.targets).tolist()
            parts = [row.parts[place] for place in row.sources]
            tokens += right
            for part in sorted(set(parts)):
                lines.append(all(ok for ok, p in zip(right, parts, strict=True) if p == part))
    return sum(tokens) / len(tokens), sum(lines) / len(lines)


def learn(
    arm: str, samples: Sequence[Sample], held: Sequence[Sample], told: Settings, minutes: float
) -> list[dict[str, object]]:
    """Train one network; return its rows."""
    layout = told.layout
    made = new_network(
        told.size, tokenizer_texts(samples, layout), told.vocabulary, whole_lines=True,
        numbered=True, context=2_048, seed=told.seed,
    )  # fmt: skip
    assert isinstance(made.net, Llama)
    net = Llama(made.net.shape, told.seed) if arm == "plain" else made.net
    caps = Caps(told.max_prompt_tokens, told.max_edit_tokens)
    coder = Coder(made.tokenizer, layout, caps, told.prompt_weight)
    recall = Recall("programs", samples, coder, told.seed)
    mixture = Mixture([Source("runs", samples, coder, told.seed)], [1.0], recall)
    judged = held_out_rows(held, Coder(made.tokenizer, layout, caps), told.held_out)
    rng = random.Random(0)
    asked = [row for one in held[:40:4] if (row := coder.recall(one, rng))]
    optimizer, loss_of = optimizer_for(net, told.decay), RowLoss(net)
    rows: list[dict[str, object]] = []
    spent_s, step = 0.0, 0

    def look(quarter: float) -> None:
        tokens, lines = said_right(net, asked)
        rows.append(row_of(arm, quarter * minutes, step, net, judged, tokens, lines))

    look(0)
    for quarter in (0.25, 0.5, 0.75, 1.0):
        while spent_s < quarter * minutes * 60:
            start, done = time.process_time(), spent_s / (60 * minutes)
            share = recall_share(told.recall, done) if "recall" in arm else 0.0
            some = list(mixture.rows(TOKENS_PER_STEP, share))
            total = sum(sum(row.weights) for row in some)
            for row in some:
                loss_of(*side_by_side([row], total, CPU).parts_of()).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), told.clip)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(done, RATES[told.size], told.warm_up)
            optimizer.step()
            optimizer.zero_grad()
            spent_s += time.process_time() - start
            step += 1
        look(quarter)
    return rows


def row_of(
    arm: str, minutes: float, step: int, net: Llama, judged: Sequence[HeldOutRow],
    tokens: float, lines: float,
) -> dict[str, object]:  # fmt: skip
    """Return what is printed of one look."""
    loss = held_out_loss(net, judged, CPU)["all"].loss
    return {
        "network": arm,
        "minutes": round(minutes, 2),
        "steps": step,
        "held_out_loss": round(loss, 3),
        "tokens_%": round(100 * tokens, 1),
        "lines_%": round(100 * lines, 1),
    }


def main() -> None:
    """Parse the command line, train, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--size", default="3m")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    told = Settings(
        size=given.size, vocabulary=700, prompt_weight=0.1, max_prompt_tokens=900, held_out=150,
        minutes=given.minutes, seed=given.seed,
    )  # fmt: skip
    samples, held = split(edits_of_runs(given.runs))
    rows = [row for arm in ARMS for row in learn(arm, samples, held, told, given.minutes)]
    print_rows(rows)
    print(write_rows("copying", rows, given.machine))


if __name__ == "__main__":
    main()
