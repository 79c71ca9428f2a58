"""`ulmus train preferences`: let a diff model learn from what the map took and what it left."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli import training as common
from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, number

if TYPE_CHECKING:
    from ulmus.training.preference_model import Result


def train_preferences(
    model: Annotated[str, typer.Argument(help="Diff model to start from: a name or a folder.")],
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Runs made with the operator diff.")
    ],
    out: common.OUT = None,
    held_out_runs: Annotated[
        list[Path] | None, typer.Option(help="A run that is only judged; repeatable.")
    ] = None,
    beta: Annotated[
        float, typer.Option(help="How much the lead over the starting model counts, per nat.")
    ] = 0.1,
    likelihood: Annotated[
        float, typer.Option(help="How much the loss of the chosen answer counts, per token.")
    ] = 1.0,
    pairs_per_parent: Annotated[
        int, typer.Option(min=1, help="Most pairs of answers to one parent.")
    ] = 16,
    lora: common.LORA = None,
    full: common.FULL = False,
    tokens_per_step: Annotated[
        int | None, typer.Option(min=1, help="Tokens per step; 4,096 if not given.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Highest learning rate; 0.0001, for adapters 0.00014, if not given."),
    ] = None,
    precision: common.PRECISION = "auto",
    steps: common.STEPS = None,
    minutes: common.MINUTES = None,
    epochs: Annotated[
        float | None, typer.Option(help="End after so many passes over the pairs.")
    ] = None,
    seed: common.SEED = 0,
    threads: common.THREADS = None,
    save_every: common.SAVE_EVERY = 5.0,
    held_out: Annotated[int, typer.Option(min=0, help="Pairs in the held-out figures.")] = 200,
    readings: Annotated[
        int, typer.Option(min=0, help="How often the held-out loss is looked at on the way.")
    ] = 5,
    tensorboard: common.TENSORBOARD = None,
    resume: common.RESUME = False,
    json: common.JSON = False,
) -> None:
    """Train a diff model to prefer answers that the map took over those that it left (DPO)."""
    options: dict[str, Any] = {
        "base": model, "beta": beta, "likelihood": likelihood, "lora": lora, "full": full,
        "tokens_per_step": tokens_per_step, "rate": rate, "precision": precision, "steps": steps,
        "minutes": minutes, "epochs": epochs, "seed": seed, "save_every_s": 60 * save_every,
        "held_out": held_out, "readings": readings,
    }  # fmt: skip
    folder = common.check_folder(out, resume)
    with needs_extra():
        common.prepare_torch(threads)
        from ulmus.training import preference_model
        from ulmus.training.preferences import pairs_of_runs

        settings = preference_model.Settings(**options)
        pairs = pairs_of_runs(runs, held_out_runs or [], seed=seed, per_parent=pairs_per_parent)
        common.announce(f"{len(pairs):,} pairs, {sum(pair.held_out for pair in pairs):,} held out")
        common.announce("first the model judges all answers as it is")
        with Interrupts() as interrupts, common.watchers(tensorboard) as observe:
            result = preference_model.train(
                pairs, settings, folder, resume=resume, stop=interrupts.asked,
                observe=observe,
            )  # fmt: skip
    if result is None:
        raise common.stopped(folder)
    if common.speaks():
        _print_result(result, json)


def _print_result(result: Result, json: bool) -> None:
    if json:
        emit(
            {
                "model": str(result.folder),
                "steps": result.steps,
                "epochs": round(result.epochs, 3),
                "tokens": result.num_tokens,
                "seconds": round(result.seconds, 1),
                "pairs": result.num_pairs,
                "loss": number(round(result.loss, 4)),
                "before": {name: asdict(ranking) for name, ranking in result.before.items()},
                "after": {name: asdict(ranking) for name, ranking in result.after.items()},
            }
        )
        return
    told = "none held out"
    if result.before:
        old, new = result.before["all"], result.after["all"]
        told = (
            f"of {old.num_pairs:,} held-out pairs {old.right:.1%} → {new.right:.1%} ranked right, "
            f"margin {old.margin:.2f} → {new.margin:.2f}, raised in {new.raised:.1%}"
        )
    print(
        f"{result.folder}: {result.steps:,} steps, {result.epochs:.1f} passes over "
        f"{result.num_pairs:,} pairs in {result.seconds / 60:.1f} min, "
        f"loss {result.loss:.3f}; {told}"
    )
