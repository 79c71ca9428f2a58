"""The card of a data set of programs: what is in it, where it comes from and what was left out."""

from __future__ import annotations

import json

from ulmus.training.dataset import SPLITS, Facts, FileFormat, data_file

_PROPERTIES = {
    "none": "The text of a row is the program.",
    "before": "The text of a row is a comment with the program's properties, then the program.",
    "after": "The text of a row is the program, an empty line, and a comment with its properties.",
}


def card(facts: Facts, form: FileFormat) -> str:
    """Return the text of the card."""
    names = ", ".join(f"`{measure.name}`" for measure in facts.measures)
    total = sum(facts.rows.values())
    lines = [
        *_head(facts, form), "",
        f"# Programs of {facts.problem}", "",
        f"{total:,} programs that searches with ulmus found and their maps admitted. "
        f"{_rule(facts)} Each text comes once.", "",
        "| split | programs |", "|---|---|",
        *(f"| {split} | {facts.rows[split]:,} |" for split in SPLITS), "",
        "Held out are about 5 % of the programs of each run, whole lineages at a time: all that "
        "descends from one program of the second generation. No program of the test split is in "
        f"the train split. Seed of the choice: {facts.seed}.", "",
        "## Rows", "", _PROPERTIES[facts.properties], "",
        f"Fields: `text`, `program` (alone), `hash` (its own), `fitness`, `measures` ({names}), "
        "`cell`, `run`, `step`, `lineage`.", "",
        "## Map", "", "| measure | unit | low | high | bins |", "|---|---|---|---|---|",
        *(f"| {m.name} | {m.unit} | {m.low:g} | {m.high:g} | {m.bins} |" for m in facts.measures),
        "", f"Problem: `{facts.scoring}`, options `{json.dumps(dict(facts.problem_options))}`.", "",
        "## Runs", "", "| run | seed | operators | evaluations | admitted | kept |",
        "|---|---|---|---|---|---|",
        *(
            f"| {_cell(run.name)} | {run.seed} | {_cell(run.operators)} | {run.evaluations:,} | "
            f"{run.admitted:,} | {run.kept:,} |"
            for run in facts.runs
        ), "",
        "## Left out", "", "| reason | programs |", "|---|---|",
        *(f"| {reason} | {count:,} |" for reason, count in facts.dropped.items()), "",
        "The programs were written by a search. Run them in a sandbox only.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _head(facts: Facts, form: FileFormat) -> list[str]:
    """Return the lines by which `datasets` finds the files."""
    lines = ["---", "tags:", "- ulmus", "- code", "configs:", "- config_name: default"]
    lines += ["  data_files:"]
    for split in SPLITS:
        if facts.rows[split]:
            lines += [f"  - split: {split}", f"    path: {data_file(split, form)}"]
    return [*lines, "---"]


def _rule(facts: Facts) -> str:
    if facts.percentile == "final":
        return "Kept are the champions of each run's map at its end."
    return (
        f"Kept are those whose fitness reaches {facts.percentile:g} % of the best of their cell "
        "over all runs."
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
