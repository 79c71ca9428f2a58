"""`ulmus train inventor`: teach a model to write whole programs."""

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
    from ulmus.training.inventor import Result


def train_inventor(
    dataset: Annotated[Path, typer.Argument(help="Folder that `ulmus dataset` wrote.")],
    out: common.OUT = None,
    base: common.BASE = "none",
    size: Annotated[
        str, typer.Option(help="Of a new network: 0.1m, 1m, 3m, 12m, 33m, 85m, 300m or 680m.")
    ] = "3m",
    vocabulary: Annotated[int, typer.Option(min=300, help="Tokens of a new tokenizer.")] = 4096,
    whole_lines: common.WHOLE_LINES = False,
    grow_to: common.GROW_TO = None,
    lora: common.LORA = None,
    full: common.FULL = False,
    context: Annotated[
        int, typer.Option(min=8, help="Tokens of a row; longer programs are left out.")
    ] = 1024,
    tokens_per_step: Annotated[
        int | None, typer.Option(min=1, help="Tokens per step; 1,024 if not given.")
    ] = None,
    rate: common.RATE = None,
    precision: common.PRECISION = "auto",
    steps: common.STEPS = None,
    minutes: common.MINUTES = None,
    epochs: Annotated[
        float | None, typer.Option(help="End after so many passes over the data.")
    ] = None,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Learn from each cell of the map equally often.")
    ] = False,
    seed: common.SEED = 0,
    threads: common.THREADS = None,
    save_every: common.SAVE_EVERY = 5.0,
    held_out: Annotated[int, typer.Option(min=0, help="Test programs in the test loss.")] = 200,
    readings: Annotated[
        int, typer.Option(min=0, help="How often the test loss is looked at on the way.")
    ] = 10,
    tensorboard: common.TENSORBOARD = None,
    resume: common.RESUME = False,
    json: common.JSON = False,
) -> None:
    """Train a model on the programs of a data set, so that it writes new ones."""
    options: dict[str, Any] = {
        "base": base, "size": size, "vocabulary": vocabulary, "whole_lines": whole_lines,
        "grow_to": grow_to, "lora": lora, "full": full, "context": context,
        "tokens_per_step": tokens_per_step, "rate": rate, "precision": precision,
        "steps": steps, "minutes": minutes, "epochs": epochs, "seed": seed,
        "save_every_s": 60 * save_every, "held_out": held_out, "readings": readings,
        "balanced": balanced,
    }  # fmt: skip
    folder = common.check_folder(out, resume)
    with needs_extra():
        common.prepare_torch(threads, size if base == "none" else None)
        from ulmus.training import inventor
        from ulmus.training.dataset import read_dataset

        settings = inventor.Settings(**options)
        programs = read_dataset(dataset)
        common.announce(f"{len(programs.train):,} programs, {len(programs.test):,} for the test")
        with Interrupts() as interrupts, common.watchers(tensorboard) as observe:
            result = inventor.train(
                programs, settings, folder, resume=resume, stop=interrupts.asked,
                origin=dataset.resolve().name, observe=observe,
            )  # fmt: skip
    if result is None:
        raise common.stopped(folder)
    if common.speaks():
        _print_result(result, json)


def _print_result(result: Result, json: bool) -> None:
    test, bits = result.test_loss, result.bits_per_byte
    if json:
        emit(
            {
                "model": str(result.folder),
                "steps": result.steps,
                "epochs": round(result.epochs, 3),
                "tokens": result.num_tokens,
                "seconds": round(result.seconds, 1),
                "programs": result.num_texts,
                "loss": number(round(result.loss, 4)),
                "test_loss": None if test is None else number(round(test, 4)),
                "bits_per_byte": None if bits is None else number(round(bits, 4)),
                "readings": [
                    {name: number(value) for name, value in asdict(reading).items()}
                    for reading in result.readings
                ],
            }
        )
        return
    told = "none held out" if test is None else f"test loss {test:.3f}"
    if bits is not None:
        told += f" ({bits:.3f} bits per byte)"
    print(
        f"{result.folder}: {result.steps:,} steps, {result.epochs:.1f} passes over "
        f"{result.num_texts:,} programs in {result.seconds / 60:.1f} min, loss {result.loss:.3f}, "
        f"{told}"
    )
