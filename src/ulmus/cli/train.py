"""`ulmus train`: the commands that train models, and `ulmus train diff`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli import training as common
from ulmus.cli.conditional import train_conditional
from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, number
from ulmus.cli.run import parse_operators
from ulmus.cli.train_inventor import train_inventor
from ulmus.cli.train_preferences import train_preferences
from ulmus.errors import ConfigError

if TYPE_CHECKING:
    from ulmus.mining.sample import Sample
    from ulmus.training.diff_model import Result

app = typer.Typer(help="Train the models of the method.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Train the models of the method."""


@app.command("diff")
def train_diff(
    data: Annotated[
        Path | None, typer.Argument(help="Folder of mined commits; may be left out with --runs.")
    ] = None,
    out: common.OUT = None,
    runs: Annotated[
        list[Path] | None, typer.Option(help="A run whose accepted edits are learned; repeatable.")
    ] = None,
    held_out_runs: Annotated[
        list[Path] | None, typer.Option(help="A run that is only judged; repeatable.")
    ] = None,
    mix: Annotated[
        str | None, typer.Option(help="Shares of the loss, such as commits=0.5,runs=0.5.")
    ] = None,
    base: common.BASE = "none",
    size: Annotated[
        str, typer.Option(help="Of a new network: 1m, 3m, 12m, 33m, 85m or 300m.")
    ] = "3m",
    vocabulary: Annotated[
        int, typer.Option(min=300, help="Tokens of a new tokenizer, line numbers not counted.")
    ] = 4096,
    whole_lines: common.WHOLE_LINES = False,
    grow_to: common.GROW_TO = None,
    lora: common.LORA = None,
    full: common.FULL = False,
    form: Annotated[
        str, typer.Option(help="Of the edit: numbered, unified, search-replace, ...")
    ] = "numbered",
    style: Annotated[str, typer.Option(help="Of the prompt: special or tags.")] = "special",
    rename: Annotated[
        bool, typer.Option("--rename", help="Rename local names at random in each epoch.")
    ] = False,
    effects: Annotated[
        bool | None,
        typer.Option(
            help="Tell for each edit of --runs what it did, so that it can be asked for; "
            "if neither is given, as the base was taught.",
        ),
    ] = None,
    recall: Annotated[
        float,
        typer.Option(help="Share of plain lines of the program that a new network says at first."),
    ] = 0.3,
    prompt_weight: Annotated[
        float, typer.Option(help="How much the program's tokens count, 0 to 1.")
    ] = 0.0,
    max_prompt_tokens: Annotated[int, typer.Option(min=8, help="Longest prompt.")] = 768,
    max_edit_tokens: Annotated[int, typer.Option(min=2, help="Longest edit.")] = 192,
    tokens_per_step: Annotated[
        int | None, typer.Option(min=1, help="Tokens per step; 1,024, for adapters 768.")
    ] = None,
    rate: common.RATE = None,
    precision: common.PRECISION = "auto",
    steps: common.STEPS = None,
    minutes: common.MINUTES = None,
    seed: common.SEED = 0,
    threads: common.THREADS = None,
    save_every: common.SAVE_EVERY = 5.0,
    held_out: Annotated[int, typer.Option(min=0, help="Edits in the held-out loss.")] = 200,
    tensorboard: common.TENSORBOARD = None,
    resume: common.RESUME = False,
    json: common.JSON = False,
) -> None:
    """Train a diff model on mined commits and on the accepted edits of runs."""
    options: dict[str, Any] = {
        "base": base, "size": size, "vocabulary": vocabulary, "whole_lines": whole_lines,
        "grow_to": grow_to, "lora": lora, "full": full, "form": form, "style": style,
        "rename": rename, "recall": recall, "prompt_weight": prompt_weight,
        "max_prompt_tokens": max_prompt_tokens, "max_edit_tokens": max_edit_tokens,
        "tokens_per_step": tokens_per_step, "rate": rate, "precision": precision,
        "steps": steps, "minutes": minutes, "seed": seed, "save_every_s": 60 * save_every,
        "held_out": held_out, "shares": tuple(parse_operators(mix).items()) if mix else (),
    }  # fmt: skip
    folder = common.check_folder(out, resume)
    with needs_extra():
        common.prepare_torch(threads, size if base == "none" else None)
        from ulmus.models.shelf import knows_effects
        from ulmus.training import diff_model

        settings = diff_model.Settings(**options)
        told = (base != "none" and knows_effects(base)) if effects is None else effects
        samples, origin = _samples(data, runs or [], held_out_runs or [], seed, told)
        with Interrupts() as interrupts, common.watchers(tensorboard) as observe:
            result = diff_model.train(
                samples, settings, folder, resume=resume, stop=interrupts.asked, origin=origin,
                observe=observe,
            )  # fmt: skip
    if result is None:
        raise common.stopped(folder)
    if common.speaks():
        _print_result(result, json)


def _samples(
    data: Path | None,
    runs: Sequence[Path],
    held_out_runs: Sequence[Path],
    seed: int,
    effects: bool,
) -> tuple[dict[str, Sequence[Sample]], dict[str, str]]:
    from ulmus.mining.sample import read_edits
    from ulmus.training.accepted import edits_of_runs

    if data is None and not runs:
        raise ConfigError("there is nothing to train on: give a folder of mined commits or --runs")
    samples: dict[str, Sequence[Sample]] = {}
    origin = {}
    if data is not None:
        samples["commits"] = list(read_edits(data))
        origin["commits"] = data.name
    if runs:
        samples["runs"] = edits_of_runs(runs, held_out_runs, seed=seed, effects=effects)
        origin["runs"] = ", ".join(run.resolve().name for run in runs)
    for name, some in samples.items():
        common.announce(f"{name}: {len(some):,} edits")
    return samples, origin


def _print_result(result: Result, json: bool) -> None:
    held = {name: number(round(value.loss, 4)) for name, value in result.held_out.items()}
    if json:
        emit(
            {
                "model": str(result.folder),
                "steps": result.steps,
                "tokens": result.num_tokens,
                "seconds": round(result.seconds, 1),
                "loss": number(round(result.loss, 4)),
                "held_out": held,
            }
        )
        return
    print(
        f"{result.folder}: {result.steps:,} steps, {result.num_tokens:,} tokens in "
        f"{result.seconds / 60:.1f} min, loss {result.loss:.3f}, held out {held.get('all', 'none')}"
    )


app.command("preferences")(train_preferences)
app.command("inventor")(train_inventor)
app.command("conditional")(train_conditional)
