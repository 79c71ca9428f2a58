"""Counts what each filter kept and lost, and why: the report on how the data came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

STAGES: tuple[tuple[str, str], ...] = (
    ("commits", "commits that are no merges"),
    ("window", "within --since and --until"),
    ("files", "one Python file modified"),
    ("message", "message says what the edit does"),
    ("path", "file is the project's own source"),
    ("pair", "pair of files not met before"),
    ("text", "text readable, not generated, no copyleft header"),
    ("unit", "edits of one unit (from here on, edits)"),
    ("shape", "size and lines fit"),
    ("changed", "1 to 30 lines changed"),
    ("syntax", "parses before and after, and means something else"),
    ("secrets", "no secrets, no personal marks"),
    ("tokens", "fits --max-tokens"),
    ("verified", "applied again, gives the new text"),
    ("licence", "licence was fine at that time"),
    ("duplicate", "not a duplicate, over all repositories"),
    ("subject", "subject not more than five times"),
    ("cap", "within the caps on repositories and families"),
)
"""All filters in order. Losses are named where they happen."""


@dataclass
class Funnel:
    """What is left after each stage, and reasons for the losses."""

    kept: Counter[str] = field(default_factory=Counter)
    lost: dict[str, Counter[str]] = field(default_factory=dict)

    def keep(self, stage: str, num: int = 1) -> None:
        """Count what came through a stage."""
        self.kept[stage] += num

    def lose(self, stage: str, reason: str, num: int = 1) -> None:
        """Count what a stage threw away."""
        self.lost.setdefault(stage, Counter())[reason] += num

    def add(self, other: Funnel) -> None:
        """Take in the counts of another funnel."""
        self.kept.update(other.kept)
        for stage, reasons in other.lost.items():
            self.lost.setdefault(stage, Counter()).update(reasons)

    def plain(self) -> dict[str, Any]:
        """Return the counts as plain data, in the order of the stages, largest loss first."""
        return {
            "kept": {stage: self.kept[stage] for stage, _ in STAGES if stage in self.kept},
            "lost": {
                stage: dict(sorted(self.lost[stage].items(), key=lambda item: (-item[1], item[0])))
                for stage, _ in STAGES
                if stage in self.lost
            },
        }

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Funnel:
        """Read what `plain` wrote."""
        lost = {stage: Counter(reasons) for stage, reasons in plain["lost"].items()}
        return Funnel(Counter(plain["kept"]), lost)


def table(report: Mapping[str, Any], num_reasons: int = 4) -> str:
    """Return the funnel of a report as text for people."""
    kept, lost = report["funnel"]["kept"], report["funnel"]["lost"]
    rows = [f"{'kept':>9}  {'of it':>6}  stage, and what it lost"]
    previous = 0
    for stage, words in STAGES:
        if stage not in kept:
            continue
        share = "" if stage == "commits" or not previous else f"{kept[stage] / previous:6.1%}"
        rows.append(f"{kept[stage]:9,}  {share:>6}  {words}")
        reasons = list(lost.get(stage, {}).items())
        if reasons:
            shown = ", ".join(f"{reason} {num:,}" for reason, num in reasons[:num_reasons])
            rows.append(f"{'':9}  {'':6}    - {shown}{', ...' if reasons[num_reasons:] else ''}")
        previous = kept[stage]
    rows.append("")
    for title in ("split", "level", "kind"):
        counts = ", ".join(f"{name} {num:,}" for name, num in report["samples"][title].items())
        rows.append(f"{title}: {counts}")
    refused = {name: one["refusal"] for name, one in report["repositories"].items()
               if one["refusal"]}  # fmt: skip
    rows += [f"refused: {name} ({reason})" for name, reason in refused.items()]
    return "\n".join(rows)


def counts(values: Iterable[str]) -> dict[str, int]:
    """Count values, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def percentiles(values: Iterable[int]) -> dict[str, int]:
    """Return the 5th, 50th and 95th percentile and the largest value; empty if there is none."""
    ordered = sorted(values)
    if not ordered:
        return {}
    places = {"p5": 0.05, "p50": 0.5, "p95": 0.95}
    found = {name: ordered[int(place * (len(ordered) - 1))] for name, place in places.items()}
    return {**found, "max": ordered[-1]}
