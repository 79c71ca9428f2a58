"""What running a program in the sandbox costs, by part.

    python benchmarks/sandbox.py [--repeats 400] [--tier wasm] [--machine NAME]

The program is the Square seed of Sodarace. From "nothing" on, each row is a job with one thing more
than the row before, so a difference of two rows is what that thing costs. The jobs take turns, so
that a busy machine disturbs all of them alike; the yardstick tells how fast it was. Times are wall
clock and processor time per job.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from dataclasses import replace

from machine import print_rows, write_rows
from ulmus.catalogue import make_sandbox
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Job, Outcome, Status
from ulmus.sandbox import frames
from ulmus.sandbox.base import Sandbox
from ulmus.sandbox.wasm import WasmSandbox

BATCH = 32
"""Jobs per call where a batch is measured; `ulmus run` hands over chunks of about this size."""


def jobs() -> dict[str, Job]:
    """Return jobs, each doing one thing more than the one before."""
    problem = Sodarace(seed_program="square")
    square = problem.job(problem.seeds()[0])
    body = "".join(f"    {line}\n" for line in square.source.splitlines())
    nothing = f"def {square.entry}(): return None\n"
    return {
        "nothing": replace(square, source=nothing, modules=(), scope=()),
        "+ guest module": replace(square, source="import walk_creator\n" + nothing),
        "+ compiling": replace(square, source=f"if 0:\n{body}{nothing}"),
        "+ running, encoding": square,
    }


def measure(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, dict[str, float]]:
    """Time calls in turns; returns milliseconds by call."""
    wall: dict[str, list[float]] = {name: [] for name in calls}
    processor: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    for _ in range(repeats):
        for name, call in calls.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            call()
            processor[name].append(1e3 * (time.process_time() - start_cpu))
            wall[name].append(1e3 * (time.perf_counter() - start))
    return {
        name: {
            "median_ms": _quantile(wall[name], 0.5),
            "p95_ms": _quantile(wall[name], 0.95),
            "cpu_median_ms": _quantile(processor[name], 0.5),
            "best_ms": min(wall[name]),
        }
        for name in calls
    }


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def run_one(sandbox: Sandbox, job: Job) -> Outcome:
    """Run one job and make sure that it went well."""
    outcome = sandbox.run([job])[0]
    if outcome.status != Status.OK:
        raise SystemExit(f"the job ended as {outcome}")
    return outcome


def host_calls(sandbox: WasmSandbox, square: Job) -> dict[str, Callable[[], object]]:
    """Return the host's own share: writing the job, reading and checking the answer."""
    value = sandbox.run([square])[0].value
    head = '{"status":"ok","error":null,"entry":"make_walker","stdout":""}'
    answer = head + "\n" + json.dumps(value)
    guest = sandbox._open(None)
    return {
        "host: write the job": lambda: frames.encode(square),
        "host: read and check": lambda: frames.decode(answer, square, 0),
        "new instance, empty call": lambda: guest.call(square.limits, "compile", "{}"),
    }


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--tier", default="wasm")
    parser.add_argument("--machine")
    given = parser.parse_args()
    sandbox = make_sandbox(given.tier)
    work = jobs()
    fuel = {name: run_one(sandbox, job).fuel for name, job in work.items()}
    square = work["+ running, encoding"]
    calls: dict[str, Callable[[], object]] = {
        "yardstick: compile() in the host": lambda: compile(square.source, "square", "exec")
    }
    calls |= {name: (lambda job=job: run_one(sandbox, job)) for name, job in work.items()}
    if isinstance(sandbox, WasmSandbox):
        calls |= host_calls(sandbox, square)
    found = measure(calls, given.repeats)
    batch = measure(
        {"batch": lambda: sandbox.run([square] * BATCH)}, max(given.repeats // BATCH, 5)
    )
    found[f"whole, in batches of {BATCH}"] = {k: v / BATCH for k, v in batch["batch"].items()}
    rows = [
        {"tier": given.tier, "job": name, "fuel": fuel.get(name, "")}
        | {key: f"{value:.3f}" for key, value in times.items()}
        for name, times in found.items()
    ]
    print_rows(rows)
    print(write_rows("sandbox", rows, given.machine))


if __name__ == "__main__":
    main()
