"""From a run to plain data: everything that the report shows, ready to become JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from ulmus.grid import bins_of, num_cells
from ulmus.records import Json, Measure, Placement
from ulmus.runs.log import LoggedStep, RunLog
from ulmus.runs.views import CurvePoint, Tally, curve, measures_of, source_of
from ulmus.viewer.descent import DescentStep, descent
from ulmus.viewer.scenes import Bodies, ProblemView

NUM_CURVE_POINTS = 240
NUM_BEST = 12
NUM_REASONS = 5

BODY_BUDGET_BYTES = 2_500_000
"""Bodies beyond this are left out of a page, the least fit first, to keep it below 5 MB."""


@dataclass(frozen=True)
class Overview:
    """One pass over the steps of a run.

    Attributes:
        champions: The last admitted step of each cell, by cell in ascending order.
        curve: The state of the map over time.
        tallies: What became of the proposals, by operator.
    """

    champions: dict[int, LoggedStep]
    curve: list[CurvePoint]
    tallies: dict[str, Tally]

    @property
    def valid_share(self) -> float:
        """The share of all steps that got a fitness."""
        proposals = sum(tally.proposals for tally in self.tallies.values())
        valid = sum(tally.valid_share * tally.proposals for tally in self.tallies.values())
        return valid / proposals if proposals else 0.0

    @property
    def best(self) -> LoggedStep | None:
        """The champion of highest fitness, of the lowest cell if several tie."""
        ranked = ranked_champions(self)
        return ranked[0] if ranked else None


def overview(log: RunLog) -> Overview:
    """Fold a run once into all that its pictures need."""
    champions: dict[int, LoggedStep] = {}
    tallies: dict[str, Tally] = {}

    def watched(steps: Iterable[LoggedStep]) -> Iterator[LoggedStep]:
        for step in steps:
            tallies.setdefault(step.operator, Tally()).add(step.placement, step.reason)
            if step.admitted and step.cell is not None:
                champions[step.cell] = step
            yield step

    num_steps = count_steps(log)
    points = curve(watched(log.steps()), NUM_CURVE_POINTS, num_steps)
    return Overview(dict(sorted(champions.items())), points, tallies)


def count_steps(log: RunLog) -> int:
    """Return the number of steps of a run."""
    return sum(clock.num_steps for clock in log.clocks())


def ranked_champions(view: Overview) -> list[LoggedStep]:
    """Return the champions by fitness, best first; ties by cell."""
    return sorted(view.champions.values(), key=lambda step: (-(step.fitness or 0.0), step.cell))


def run_page(log: RunLog, problem: ProblemView, bodies: Bodies) -> dict[str, Json]:
    """Return the data of a run's report.

    Args:
        log: The run.
        problem: How to show its results.
        bodies: Runs programs, to draw what they return.
    """
    manifest, view = log.manifest, overview(log)
    measures = measures_of(manifest)
    best = view.best
    line = descent(log, best.number) if best else []
    sources = {
        step.program: source_of(log, step.number)
        for step in view.champions.values()
        if step.program is not None
    }
    wanted = _in_order_of_interest(view, line, sources)
    drawn = _bodies(problem, bodies, wanted) if problem.world is not None else {}
    return {
        "name": log.folder.name,
        "manifest": manifest,
        "measures": [asdict(measure) for measure in measures],
        "fitness": {"name": problem.fitness_name, "unit": problem.fitness_unit},
        "facts": dict(problem.facts),
        "figures": _figures(log, view, measures),
        "elites": [_elite(log, step, sources) for step in view.champions.values()],
        "sources": _packed_sources(sources),
        "bodies": drawn,
        "num_bodies_left_out": len(sources) - len(sources.keys() & drawn.keys()),
        "world": problem.world,
        "best": [step.cell for step in distinct(ranked_champions(view), measures, NUM_BEST)],
        "curve": [list(asdict(point).values()) for point in view.curve],
        "operators": [_operator(name, tally) for name, tally in view.tallies.items()],
        "parts": parts_s(log),
        "descent": [step.as_json() for step in line],
    }


def _figures(log: RunLog, view: Overview, measures: Sequence[Measure]) -> dict[str, Json]:
    last = view.curve[-1] if view.curve else CurvePoint(0, 0, 0.0, 0.0, 0.0)
    elapsed_s, usage = log.elapsed_s, log.usage
    return {
        "evaluations": last.evaluations,
        "cells": last.cells,
        "num_cells": num_cells(measures),
        "qd_score": last.qd_score,
        "best_fitness": last.best_fitness,
        "valid_share": view.valid_share,
        "server_tokens": usage.tokens,
        "server_requests": usage.num_requests,
        "elapsed_s": elapsed_s,
        "evaluations_per_s": last.evaluations / elapsed_s if elapsed_s else 0.0,
    }


def _elite(log: RunLog, step: LoggedStep, sources: Mapping[str, str]) -> dict[str, Json]:
    text = log.text(step.number)
    return {
        "cell": step.cell,
        "fitness": step.fitness,
        "measures": list(step.measures),
        "step": step.number,
        "operator": step.operator,
        "note": text.note if text else "",
        "program": step.program,
        "length": len(sources[step.program or ""]),
    }


def _packed_sources(sources: Mapping[str, str]) -> dict[str, Json]:
    """Return texts as lists of line numbers: programs of one family share most of their lines."""
    numbers: dict[str, int] = {}
    texts: dict[str, Json] = {
        key: [numbers.setdefault(line, len(numbers)) for line in source.split("\n")]
        for key, source in sources.items()
    }
    return {"lines": list(numbers), "texts": texts}


def _in_order_of_interest(
    view: Overview, line: Sequence[DescentStep], sources: Mapping[str, str]
) -> dict[str, str]:
    """Return texts by hash: the line of descent first, then the champions, the fittest first."""
    wanted = {step.program: step.source for step in line}
    for step in ranked_champions(view):
        if step.program is not None:
            wanted.setdefault(step.program, sources[step.program])
    return wanted


def _bodies(problem: ProblemView, bodies: Bodies, wanted: Mapping[str, str]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    spent = 0
    for key, value in zip(wanted, bodies(list(wanted.values())), strict=True):
        body = problem.body(value) if value is not None else None
        if body is None:
            continue
        spent += len(json.dumps(body))
        if spent > BODY_BUDGET_BYTES:
            break
        found[key] = body
    return found


def distinct(
    ranked: Sequence[LoggedStep], measures: Sequence[Measure], count: int
) -> list[LoggedStep]:
    """Return the fittest champions of regions that lie apart, then the fittest of the rest.

    Two champions lie apart if their bins differ by at least a sixth of some axis.
    """
    chosen: list[LoggedStep] = []
    for step in ranked:
        if len(chosen) < count and all(_apart(step, other, measures) for other in chosen):
            chosen.append(step)
    rest = [step for step in ranked if step not in chosen]
    return (chosen + rest)[:count]


def _apart(one: LoggedStep, other: LoggedStep, measures: Sequence[Measure]) -> bool:
    pairs = zip(
        measures, bins_of(measures, one.cell or 0), bins_of(measures, other.cell or 0), strict=True
    )
    return any(abs(a - b) * 6 >= measure.bins for measure, a, b in pairs)


def _operator(name: str, tally: Tally) -> dict[str, Json]:
    reasons = sorted(tally.by_reason.items(), key=lambda entry: (-entry[1], entry[0]))
    counts: dict[str, Json] = {
        placement.value: tally.by_placement.get(placement, 0) for placement in Placement
    }
    shown: list[Json] = [[reason, count] for reason, count in reasons[:NUM_REASONS]]
    rest = sum(count for _, count in reasons[NUM_REASONS:])
    return {
        "name": name,
        "proposals": tally.proposals,
        **counts,
        "reasons": shown,
        "other_reasons": rest,
    }


def parts_s(log: RunLog) -> dict[str, Json]:
    """Return the seconds spent in each part of the pipeline over the whole run."""
    totals: dict[str, float] = {}
    for clock in log.clocks():
        for part, seconds in clock.parts_s.items():
            totals[part] = totals.get(part, 0.0) + seconds
    return dict(totals)
