"""The figures of docs/physics.md: what the constants do to random walkers.

python benchmarks/physics.py [--walkers 2000] [--machine NAME]

Walkers have 3 to 20 joints in a box of 3 to 18 u and twice as many connections, 60 % muscles.
All figures follow from the seed; only the time that it takes (about three minutes) does not.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from math import dist

import numpy as np

from machine import print_rows, write_rows
from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS, Laws, Spring
from ulmus.problems.sodarace.physics.simulate import record, simulate
from ulmus.problems.sodarace.physics.state import Body, Connection, Floats
from ulmus.problems.sodarace.terrain import terrain

FLAT = terrain("flat").arrays
FINE_HZ = 7680
POINTS = np.linspace(0.0, 1.0, 21)
"""Where along a connection it is looked at whether it cuts the ground."""

WORLDS = {
    "these laws": DEFAULT_LAWS,
    "gravity 10": Laws(gravity=10.0),
    "no drag": Laws(drag=0.0),
    "muscles of 6 Hz": Laws(muscle=Spring(6.0, 0.7)),
    "muscles of damping ratio 0.3": Laws(muscle=Spring(4.0, 0.3)),
    "no ramp": Laws(ramp_s=1e-9),
}

Row = dict[str, object]


def random_body(rng: random.Random, muscles: float = 0.6) -> Body:
    """Return a connected random walker; neighbours are linked first, as in a body."""
    count, width, height = rng.randint(3, 20), rng.uniform(3, 18), rng.uniform(3, 18)
    joints = tuple((rng.uniform(0, width), rng.uniform(0, height)) for _ in range(count))

    def apart(i: int, j: int) -> float:
        return dist(joints[i], joints[j])

    tree = [(min(range(k), key=partial(apart, k)), k) for k in range(1, count)]
    more = [(i, j) for j in range(count) for i in range(j) if (i, j) not in set(tree)]
    more.sort(key=lambda pair: apart(*pair))
    links = []
    for i, j in (tree + more)[: 2 * count]:
        stroke = rng.uniform(-0.3, 0.3) if rng.random() < muscles else 0.0
        links.append(Connection(i, j, stroke, rng.random()))
    return Body(joints, tuple(links))


def displacements(bodies: Sequence[Body], laws: Laws = DEFAULT_LAWS) -> Floats:
    """Return how far each walker comes on flat ground, u, signed."""
    return np.array([motion.displacement for motion in simulate(bodies, FLAT, laws=laws)])


def step_errors(bodies: Sequence[Body]) -> Iterable[Row]:
    """Compare the distance with that at a much finer step."""
    exact = displacements(bodies, Laws(substeps_hz=FINE_HZ))
    for hertz in (240, 480, 960):
        errors = np.abs(displacements(bodies, Laws(substeps_hz=hertz)) - exact)
        yield row(f"error of the distance at {hertz} Hz, median, u", float(np.median(errors)))


def half_step(bodies: Sequence[Body], label: str, laws: Laws) -> Iterable[Row]:
    """Say how many walkers come a different way at half the step."""
    whole = np.abs(displacements(bodies, laws))
    half = np.abs(displacements(bodies, replace(laws, substeps_hz=2 * laws.substeps_hz)))
    ranks = whole.argsort().argsort(), half.argsort().argsort()
    yield row(f"half the step, {label}: rank correlation", float(np.corrcoef(*ranks)[0, 1]))
    top = whole >= np.quantile(whole, 0.9)
    ratio = np.maximum(whole[top], half[top]) / np.maximum(np.minimum(whole[top], half[top]), 1e-9)
    for factor in (1.25, 2.0):
        off = float((ratio > factor).mean())
        yield row(f"half the step, {label}: top tenth off by more than {factor:g} x", off)


def toppling(bodies: Sequence[Body]) -> Iterable[Row]:
    """Measure how far bodies without muscles come."""
    ways = np.abs(displacements(bodies))
    yield row("still bodies: 90th percentile of the distance, u", float(np.quantile(ways, 0.9)))
    yield row("still bodies: 99th percentile of the distance, u", float(np.quantile(ways, 0.99)))
    yield row("still bodies: share that comes more than 1 u far", float((ways > 1.0).mean()))


def bone_errors(bodies: Sequence[Body]) -> Iterable[Row]:
    """Measure by how much bones are longer or shorter than at rest, in every frame of walking."""
    errors = []
    for body in bodies:
        frames = record(body, FLAT)
        points = frames.positions[frames.num_settling :]
        for link in body.connections:
            if link.stroke == 0.0:
                lengths = np.hypot(*(points[:, link.j] - points[:, link.i]).T)
                rest = np.hypot(*np.subtract(body.joints[link.j], body.joints[link.i]))
                errors.append(np.abs(lengths / rest - 1.0))
    all_errors = np.concatenate(errors)
    yield row("length of bones: median relative error", float(np.median(all_errors)))
    yield row("length of bones: 99th percentile of it", float(np.quantile(all_errors, 0.99)))


def cut_bumps(bodies: Sequence[Body]) -> Iterable[Row]:
    """Measure how often a point of a connection above the bumps lies in the ground, how deep."""
    ground = terrain("bumpy")
    floor_x, floor_y = np.array(ground.polylines[0]).T
    depths = []
    for body in bodies:
        paths = record(body, ground.arrays, fps=10.0).positions
        for link in body.connections:
            ends = paths[:, link.i, None], paths[:, link.j, None]
            points = ends[0] + POINTS[:, None] * (ends[1] - ends[0])
            depth = np.interp(points[..., 0], floor_x, floor_y) - points[..., 1]
            depths.append(depth[np.abs(points[..., 0]) > 16.0])
    deep = np.concatenate(depths)
    yield row("bumpy: share of points of connections in the ground", float((deep > 0.0).mean()))
    yield row("bumpy: share deeper than 0.5 u", float((deep > 0.5).mean()))


def row(what: str, value: float) -> Row:
    """Return one line of the table, with three significant digits."""
    return {"what": what, "value": f"{value:.3g}"}


def main() -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walkers", type=int, default=2000)
    parser.add_argument("--machine")
    given = parser.parse_args()
    rng = random.Random(1)
    bodies = [random_body(rng) for _ in range(given.walkers)]
    still = [random_body(rng, muscles=0.0) for _ in range(given.walkers)]
    few = bodies[:300]
    motions = simulate(bodies, FLAT)
    ways = [motion.distance for motion in motions]
    touched = [motion.clamps > 0 for motion in motions]
    rows = [
        row("distance: median, u", float(np.median(ways))),
        row("distance: 99th percentile, u", float(np.quantile(ways, 0.99))),
        *step_errors(few),
        *(line for label, laws in WORLDS.items() for line in half_step(bodies, label, laws)),
        *toppling(still),
        row("share of walkers that touch the top speed", float(np.mean(touched))),
        *bone_errors(few),
        *cut_bumps(few),
    ]
    print_rows(rows)
    print(write_rows("physics", rows, given.machine))


if __name__ == "__main__":
    main()
