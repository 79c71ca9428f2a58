"""A run that nobody searched for: a few steps written by hand, for tests of what shows runs.

Its programs are JSON literals of walkers with a comment line on top, so that `bodies` can read
what they "return" without running anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ulmus.records import Evaluation, Json, Measure, Placement, Program, Proposal, Step
from ulmus.runs.log import RunLog

MEASURES = (
    Measure("height", "u", 0.0, 30.0, 12),
    Measure("width", "u", 0.0, 30.0, 12),
    Measure("mass", "", 0.0, 240.0, 12),
)

HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'> & "
    "<!-- \u2028\u2029 \U0001f40c \ud800"
)
"""Text that would take over a page that did not treat it as text."""

NOTE = HOSTILE.replace("\ud800", "")


def walker_text(comment: str, size: float = 5.0) -> str:
    """Return a program that describes a triangle with two muscles that gallops."""
    walker = {
        "joints": [[0.0, 0.3 * size], [size, 0.0], [0.9 * size, size]],
        "muscles": [
            [0, 1, {"type": "muscle", "amplitude": -0.29 * size, "phase": 0.96}],
            [0, 2, {"type": "muscle", "amplitude": -0.14 * size, "phase": 0.93}],
            [1, 2, {"type": "distance"}],
        ],
    }
    joints, muscles = json.dumps(walker["joints"]), json.dumps(walker["muscles"])
    return f'# {comment}\n{{"joints": {joints},\n "muscles": {muscles}}}\n'


def bodies(sources: Sequence[str]) -> list[Json]:
    """Return what the programs describe; None for what is no JSON."""
    found: list[Json] = []
    for source in sources:
        try:
            found.append(json.loads(source.split("\n", 1)[1]))
        except (IndexError, json.JSONDecodeError):
            found.append(None)
    return found


SEED = Program(walker_text("the seed", 10.0))
CHILD = Program(walker_text("a child", 9.0))
GRANDCHILD = Program(walker_text(f"hostile {HOSTILE}", 6.0))
OTHER = Program(walker_text("elsewhere", 20.0))


def make_run(folder: Path, *, problem: str = "sodarace", measures: int = 3) -> Path:
    """Write the run.

    Args:
        folder: A new folder.
        problem: Name in the configuration.
        measures: How many axes the map has.
    """
    axes = MEASURES[:measures]
    manifest: dict[str, Json] = {
        "config": {
            "problem": problem,
            "seed": 7,
            "operators": {"syntax": 0.8, "crossover": 0.2},
            "options": {"seed_program": "square", "terrain": "flat"},
        },
        "identity": {"problem": f"{problem}/1", "seed": 7},
        "measures": [asdict(measure) for measure in axes],
        "versions": {"ulmus": "0.1.0"},
        "created": "2026-11-24T12:00:00+00:00",
    }
    with RunLog.create(folder, manifest) as log:
        for batch in _batches(measures):
            log.append(
                batch,
                replayable={"syntax": True, "crossover": True},
                elapsed_s=0.5 * (batch[0].batch + 1),
                parts_s={"operator": 0.05, "sandbox": 0.2, "score": 0.15, "log": 0.01},
            )
    return folder


def _batches(num_axes: int) -> list[list[Step]]:
    def step(
        batch: int, index: int, proposal: Proposal, value: float, bins: tuple[int, ...], how: str
    ) -> Step:
        widths = [(axis.high - axis.low) / axis.bins for axis in MEASURES]
        measures = tuple((b + 0.5) * w for b, w in zip(bins, widths, strict=True))[:num_axes]
        cell = 0
        for position in bins[:num_axes]:
            cell = cell * 12 + position
        return Step(batch, index, proposal, Evaluation(value, measures), Placement(how), cell)

    seed, child = (SEED.hash,), (CHILD.hash,)
    made = Proposal("syntax", seed, CHILD, note="moved a joint")
    hostile = Proposal("crossover", (CHILD.hash, SEED.hash), GRANDCHILD, note=f"note {NOTE}")
    bad = Proposal("syntax", child, Program("bad"))
    reason = Evaluation.invalid("error: NameError <b>")
    return [
        [step(0, 0, Proposal("seed", (), SEED), 1.25, (4, 4, 1), "new")],
        [
            step(1, 0, made, 20.5, (4, 4, 1), "improved"),
            Step(1, 1, Proposal("syntax", seed, None, "no place to edit"), None, Placement.REFUSED, None),
            Step(1, 2, Proposal("syntax", seed, CHILD), None, Placement.DUPLICATE, None),
        ],
        [
            step(2, 0, hostile, 41.75, (2, 2, 0), "new"),
            Step(2, 1, bad, reason, Placement.INVALID, None),
            step(2, 2, Proposal("syntax", child, OTHER, note="grown"), 3.0, (9, 8, 11), "new"),
            step(2, 3, Proposal("syntax", child, Program("poor")), 2.0, (4, 4, 1), "kept_out"),
        ],
    ]  # fmt: skip
