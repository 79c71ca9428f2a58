"""The log of a run at one million steps: bytes and milliseconds per step, and the resume.

    python benchmarks/run_log.py [--steps 1000000]

The steps are synthetic but shaped like a Sodarace run: a tenth admitted, each with a text of about
1.4 kB that compresses as programs do (edits of one program), three measures, two parents at times.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path

from machine import print_rows, write_rows
from ulmus.operators.base import Operator
from ulmus.records import Evaluation, Measure, Placement, Program, Proposal, Step
from ulmus.runs.log import RunLog
from ulmus.search.loop import restore
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import Portfolio

BATCH = 64
ADMITTED_SHARE = 0.10
MEASURES = tuple(Measure(name, "", 0.0, 1.0, 12) for name in "abc")


class NoOperator:
    """Stands where an operator is asked for; a resume never calls it."""

    name, identity, arity, replayable = "syntax", "none", 1, True

    def propose(self, parents: object, rngs: object) -> list[Proposal]:
        """Refuse to work."""
        raise NotImplementedError


def program(rng: random.Random) -> Program:
    """Return a text shaped like a grown walker program."""
    calls = (
        f"    wc.add_muscle(j[{rng.randrange(9)}], j[{rng.randrange(9)}], False, "
        f"{rng.uniform(0, 9):.3g}, {rng.random():.3g})"
        for _ in range(22)
    )
    return Program("def make_walker():\n    wc = walker_creator()\n" + "\n".join(calls))


def batches(num_steps: int) -> object:
    """Yield batches of steps."""
    rng = random.Random(0)
    parents = [program(rng)]
    yield [
        Step(0, 0, Proposal("seed", (), parents[0]), Evaluation(0.0, (0.1,) * 3), Placement.NEW, 0)
    ]
    for number in range(1, num_steps // BATCH):
        batch = []
        for index in range(BATCH):
            picks = tuple(rng.choice(parents).hash for _ in range(1 + (rng.random() < 0.2)))
            admitted = rng.random() < ADMITTED_SHARE
            child = program(rng) if admitted else Program(f"{number}/{index}")
            if admitted:
                parents = [*parents[-500:], child]
            placement = Placement.IMPROVED if admitted else Placement.KEPT_OUT
            measures = (rng.random(), rng.random(), rng.random())
            evaluation = Evaluation(rng.uniform(0, 100), measures)
            proposal = Proposal("syntax", picks, child, note="constant 5 -> 7.5; call repeated")
            batch.append(Step(number, index, proposal, evaluation, placement, rng.randrange(1728)))
        yield batch


def append_all(folder: Path, num_steps: int) -> tuple[list[float], int]:
    """Append all batches; return seconds per step of each batch and the size of the file."""
    per_step = []
    with RunLog.create(folder, {}) as log:
        for batch in batches(num_steps):  # type: ignore[attr-defined]
            start = time.perf_counter()
            log.append(batch, replayable={"syntax": True}, elapsed_s=0.0, parts_s={"map": 0.1})
            per_step.append((time.perf_counter() - start) / len(batch))
    return per_step, sum(file.stat().st_size for file in folder.iterdir())


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--machine")
    given = parser.parse_args()
    operator: Operator = NoOperator()  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "run"
        per_step, size = append_all(folder, given.steps)
        start = time.perf_counter()
        with RunLog.open_for_append(folder) as log:
            search = MapElites(
                MEASURES, Portfolio((operator,), (1.0,)), [Program("x")], seed=0, batch_size=BATCH
            )
            progress = restore(search, log)
        resume_s = time.perf_counter() - start
    tenth = len(per_step) // 10
    row = {
        "steps": progress.evaluations,
        "mb_per_million": round(size / progress.evaluations, 1),
        "append_ms_median": round(1000 * statistics.median(per_step), 4),
        "append_ms_mean": round(1000 * statistics.fmean(per_step), 4),
        "first_tenth_ms": round(1000 * statistics.fmean(per_step[:tenth]), 4),
        "last_tenth_ms": round(1000 * statistics.fmean(per_step[-tenth:]), 4),
        "resume_s": round(resume_s, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print_rows([row])
    print("targets: 400 MB per million steps, 0.1 ms per step")
    print(write_rows("run_log", [row], given.machine))


if __name__ == "__main__":
    main()
