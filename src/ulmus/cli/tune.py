"""`ulmus tune`: let a diff model learn from what runs accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ulmus.cli import training as common
from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, say

if TYPE_CHECKING:
    from ulmus.tuning import Tuning


def tune(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: common.OUT = None,
    model: Annotated[
        str, typer.Option(help="Model to start from: a name or a folder; the default one if empty.")
    ] = "",
    held_out_runs: Annotated[
        list[Path] | None, typer.Option(help="A run that is only judged; repeatable.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of the training; 300 without --minutes.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of the training, instead of steps.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    judged: Annotated[
        int, typer.Option(min=0, help="Held-out edits that are asked for before and after.")
    ] = 100,
    searches: Annotated[
        int, typer.Option(min=0, help="Fresh searches with the model alone, before and after.")
    ] = 0,
    evaluations: Annotated[int, typer.Option(min=1, help="Evaluations of each search.")] = 1000,
    seed: common.SEED = 0,
    threads: common.THREADS = None,
    resume: common.RESUME = False,
    json: common.JSON = False,
) -> None:
    """Train a diff model one round on the accepted edits of runs; judge it before and after."""
    from ulmus import experiment
    from ulmus.runs.log import RunLog

    folder = common.check_folder(out, resume)
    with RunLog.open_read_only(runs[0]) as log:
        config = experiment.stored_config(log)
    config = config.model_copy(update={"evaluations": evaluations, "minutes": None})
    start = model or config.diff.model
    with needs_extra(), Interrupts() as interrupts:
        common.prepare_torch(threads)
        from ulmus import tuning

        result = tuning.tune(
            runs,
            start,
            folder,
            training=tuning.Round(
                steps or (None if minutes else 300), minutes, rate=rate, seed=seed
            ),
            config=config,
            held_out_runs=held_out_runs or [],
            num_judged=judged,
            search_seeds=range(1_000, 1_000 + searches),
            resume=resume,
            observe=common.TrainingProgress(),
            say=say,
            stop=interrupts.asked,
        )
    if result is None:
        raise common.stopped(folder)
    if json:
        emit(result.to_json())
    else:
        print("\n".join(_table(result)))


def _table(result: Tuning) -> Sequence[str]:
    lines = [
        f"{result.model}: learned from {result.num_edits:,} accepted edits, "
        f"{result.num_held_out:,} held out",
    ]
    if not result.quality and not result.searches["before"]:
        return [*lines, "not compared: no held-out edits were judged, and there were no searches"]
    lines.append(f"{'':28}{'before':>10}{'after':>10}")
    if result.quality:
        before, after = result.quality["before"], result.quality["after"]
        for label, name in (
            ("answers that are an edit", "well_formed"),
            ("that apply", "applied"),
            ("that parse and differ", "parsed_and_differed"),
            ("that equal the real edit", "equal"),
        ):
            lines.append(
                f"{label:28}{100 * getattr(before, name):9.1f}%{100 * getattr(after, name):9.1f}%"
            )
    for old, new in zip(result.searches["before"], result.searches["after"], strict=True):
        lines += [
            f"search {old.seed}: valid edits{'':6}{100 * old.valid_edits:9.1f}%"
            f"{100 * new.valid_edits:9.1f}%",
            f"{'runnable':28}{100 * old.runnable:9.1f}%{100 * new.runnable:9.1f}%",
            f"{'cells':28}{old.cells:10,}{new.cells:10,}",
            f"{'QD score':28}{old.qd_score:10,.0f}{new.qd_score:10,.0f}",
        ]
    return lines
