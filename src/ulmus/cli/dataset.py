"""`ulmus dataset`: the programs of runs as a data set that a model can learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit, say
from ulmus.errors import ConfigError


def dataset(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the data set; must be new.")] = None,
    percentile: Annotated[
        str,
        typer.Option(help="Least fitness in per cent of the cell's best, such as 50; or final."),
    ] = "80",
    properties: Annotated[
        str, typer.Option(help="Fitness and measures as a comment: none, before or after.")
    ] = "none",
    form: Annotated[
        str, typer.Option("--format", help="jsonl, or parquet if pyarrow is installed.")
    ] = "jsonl",
    seed: Annotated[int, typer.Option(help="Seed of the choice of what is held out.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Collect the good programs that runs have found, each once, 5 % of them held out."""
    from ulmus.properties import check_where
    from ulmus.training import dataset as files
    from ulmus.training.programs import parse_percentile, programs_of_runs

    if out is None:
        raise ConfigError("--out is missing: the folder of the data set")
    part, where, kind = (
        parse_percentile(percentile),
        check_where(properties),
        files.check_format(form),
    )
    files.check_new(out)
    made = programs_of_runs(runs, part, properties=where, seed=seed)
    files.write_dataset(made, out, kind)
    facts = made.facts
    for run in facts.runs:
        if not run.admitted:
            say(f"note: {run.name} has admitted no program yet")
    kept = sum(facts.rows.values())
    if json:
        emit(
            {
                "data": str(out),
                "programs": kept,
                "train": facts.rows["train"],
                "test": facts.rows["test"],
                "admitted": sum(run.admitted for run in facts.runs),
                "dropped": dict(facts.dropped),
                "runs": {run.name: run.kept for run in facts.runs},
                "percentile": facts.percentile,
                "properties": facts.properties,
                "seed": facts.seed,
            }
        )
        return
    print(
        f"{out}: {kept:,} programs of {len(facts.runs)} runs, {facts.rows['train']:,} to learn "
        f"from, {facts.rows['test']:,} held out"
    )
    for reason, count in facts.dropped.items():
        if count:
            print(f"{count:>10,} left out: {reason}")
