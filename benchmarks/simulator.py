"""The simulator against a plain C loop and other engines: same walkers, same run, by turns.

    pip install pymunk Box2D pyb2d3
    python benchmarks/simulator.py [--walkers 3] [--rounds 5] [--machine NAME]

An engine that is not installed is left out and said so. Every time is that of one walker for 3 s of
settling and 10 s of running on flat ground, packing or building included (the C loop gets packed
walkers, and so does the kernel that it is compared with). Ratios are medians over walkers, each of
the best of all rounds; the rounds alternate between contenders, so that load hits all of them.
"""

from __future__ import annotations

import argparse
import ctypes
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from machine import machine_name, print_rows, write_rows
from simulator_peers import PEERS
from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS, RUN_S, SETTLE_S
from ulmus.problems.sodarace.physics.simulate import advance, simulate
from ulmus.problems.sodarace.physics.state import (
    Body,
    Connection,
    Floats,
    Packed,
    TerrainArrays,
    pack,
    wave_table,
)
from ulmus.problems.sodarace.terrain import terrain

SIZES = ((5, 8), (8, 20), (20, 60), (60, 200))
HZ = DEFAULT_LAWS.substeps_hz
SETTLE, RUN = round(SETTLE_S * HZ), round(RUN_S * HZ)
OURS, KERNEL, LOOP = "ulmus", "ulmus, packed walker", "C -O2, packed walker"


def random_body(rng: random.Random, num_joints: int, num_links: int) -> Body:
    """Return a connected random walker in 12 x 12 u with 60 % muscles."""
    joints = tuple((rng.uniform(0, 12), rng.uniform(0, 12)) for _ in range(num_joints))
    tree = [(i, rng.randrange(i)) for i in range(1, num_joints)]
    more = [(i, j) for i in range(num_joints) for j in range(i) if (i, j) not in set(tree)]
    rng.shuffle(more)
    return Body(
        joints,
        tuple(
            Connection(i, j, rng.uniform(-0.3, 0.3) if rng.random() < 0.6 else 0.0, rng.random())
            for i, j in (tree + more)[:num_links]
        ),
    )


def laws_array() -> Floats:
    """Return the laws in the order of the C structure."""
    laws = DEFAULT_LAWS
    h = laws.substep_s
    return np.array([h, laws.gravity * h, laws.drag_factor, laws.friction, laws.top_speed])


class CLoop:
    """The plain C loop, compiled into a temporary folder."""

    def __init__(self, folder: Path) -> None:
        source, library = Path(__file__).with_name("simulator_loop.c"), folder / "loop.so"
        flags = ["-O2", "-ffp-contract=off", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, "-o", str(library), str(source), "-lm"], check=True)
        self.function = ctypes.CDLL(str(library)).advance
        self.function.restype = ctypes.c_int64
        self.wave = np.ascontiguousarray(wave_table(DEFAULT_LAWS, SETTLE, RUN))
        self.laws = laws_array()

    def __call__(self, walker: Packed, ground: TerrainArrays) -> None:
        """Move one packed walker in place over settling and running."""
        counts = np.diff(walker.link_start.astype(np.int64))
        low = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        high = walker.other.astype(np.int64)

        def at(array: np.ndarray) -> ctypes.c_void_p:
            return array.ctypes.data_as(ctypes.c_void_p)

        size = ctypes.c_int64
        self.function(
            at(walker.joints), size(len(walker.joints)), at(low), at(high), at(walker.links),
            size(len(high)), at(self.wave), size(len(self.wave)), at(ground.face_start),
            at(ground.face_rows), at(ground.vertex_start), at(ground.vertex_rows), at(self.laws),
        )  # fmt: skip


def kernel(walker: Packed, ground: TerrainArrays) -> None:
    """Move one packed walker in place over settling and running, as the C loop does."""
    advance(walker, ground, wave_table(DEFAULT_LAWS, SETTLE, RUN), [SETTLE + RUN], DEFAULT_LAWS)


def assert_equal_bits(bodies: list[Body], loop: CLoop) -> None:
    """Fail unless kernel and C loop put every joint of every walker at the same bits."""
    for name in ("flat", "bumpy", "tunnel", "gap", "stairs"):
        ground = terrain(name).arrays
        for body in bodies:
            ours, theirs = pack([body], DEFAULT_LAWS), pack([body], DEFAULT_LAWS)
            kernel(ours, ground)
            loop(theirs, ground)
            if ours.joints.tobytes() != theirs.joints.tobytes():
                raise SystemExit(f"kernel and C loop differ on {name}")


Contender = Callable[[Body], Callable[[], object]]


def contenders(loop: CLoop) -> dict[str, Contender]:
    """Return name → (walker → what is timed)."""
    flat = terrain("flat").arrays
    table: dict[str, Contender] = {
        OURS: lambda body: partial(simulate, [body], flat),
        KERNEL: lambda body: partial(kernel, pack([body], DEFAULT_LAWS), flat),
        LOOP: lambda body: partial(loop, pack([body], DEFAULT_LAWS), flat),
    }
    for name, build in PEERS.items():
        try:
            peer = build()
        except ImportError as error:
            print(f"left out: {name} ({error})")
            continue
        table[name] = lambda body, peer=peer: partial(peer, body)  # type: ignore[misc]
    return table


def best_times(table: dict[str, Contender], body: Body, rounds: int) -> dict[str, float]:
    """Return the best time in seconds of each contender, alternating between them."""
    best = dict.fromkeys(table, float("inf"))
    for _ in range(rounds):
        for name, contender in table.items():
            work = contender(body)
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def measure(table: dict[str, Contender], num_walkers: int, rounds: int) -> list[dict[str, object]]:
    """Return one row per size and contender."""
    rng = random.Random(1)
    rows: list[dict[str, object]] = []
    for num_joints, num_links in SIZES:
        bodies = [random_body(rng, num_joints, num_links) for _ in range(num_walkers)]
        times = [best_times(table, body, rounds) for body in bodies]
        for name in table:
            against = LOOP if name == KERNEL else KERNEL if name == LOOP else OURS
            rows.append(
                {
                    "joints": num_joints,
                    "connections": num_links,
                    "contender": name,
                    "ms_per_walker": f"{1e3 * statistics.median(t[name] for t in times):.3f}",
                    "relative_to": against,
                    "ratio": f"{statistics.median(t[name] / t[against] for t in times):.2f}",
                }
            )
    return rows


def main() -> None:
    """Check equal bits, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--walkers", type=int, default=3, help="walkers per size")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per walker; the best counts")
    parser.add_argument("--machine", default=machine_name(), help="name of the results folder")
    options = parser.parse_args()
    rng = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        loop = CLoop(Path(folder))
        assert_equal_bits([random_body(rng, *size) for size in SIZES], loop)
        print("kernel and C loop: equal bits on five terrains")
        rows = measure(contenders(loop), options.walkers, options.rounds)
    print_rows(rows)
    print(write_rows("simulator", rows, options.machine))


if __name__ == "__main__":
    main()
