"""`ulmus train conditional`: stage 3, a program model learns to invent for a terrain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli import training as common
from ulmus.cli.extra import needs_extra
from ulmus.cli.interrupts import Interrupts
from ulmus.cli.output import emit, number, say

if TYPE_CHECKING:
    from ulmus.training.collapse import Iteration
    from ulmus.training.conditional import Result, Settings
    from ulmus.training.cross import Cross


def train_conditional(
    inventor: Annotated[
        Path, typer.Argument(help="Folder of a model that `ulmus train inventor` made.")
    ],
    out: common.OUT = None,
    terrains: Annotated[
        str, typer.Option(help="Names of terrains with commas between.")
    ] = "left_wall,right_wall,tunnel",
    terrain_network: Annotated[
        str, typer.Option(help="codes: one code per terrain; picture: a network on its picture.")
    ] = "codes",
    prefix_vectors: Annotated[
        int, typer.Option(min=1, help="Vectors that stand for a terrain.")
    ] = 1,
    samples: Annotated[int, typer.Option(min=1, help="Programs per iteration.")] = 96,
    iterations: Annotated[int, typer.Option(min=1, help="Iterations.")] = 120,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Longest program; as the inventor says if not given.")
    ] = None,
    temperature: Annotated[
        float, typer.Option(help="Of the inventor; folded into the weights at the beginning.")
    ] = 0.8,
    epochs: Annotated[int, typer.Option(min=1, help="How often each program is learned from.")] = 1,
    minibatches: Annotated[int, typer.Option(min=1, help="Changes of the weights per epoch.")] = 4,
    rate: Annotated[float, typer.Option(help="Learning rate of the program model.")] = 1e-4,
    terrain_rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of the terrain network; 0.15 of their first size for codes, else "
            "0.0003."
        ),
    ] = None,
    value_rate: Annotated[float, typer.Option(help="Learning rate of the value network.")] = 3e-4,
    clip: Annotated[float, typer.Option(help="Range of the ratio of PPO.")] = 0.2,
    value_clip: Annotated[
        float | None, typer.Option(help="Range of a value's move; none if not given.")
    ] = None,
    discount: Annotated[float, typer.Option(help="Of later rewards, gamma.")] = 1.0,
    trace: Annotated[float, typer.Option(help="Of advantages, lambda.")] = 1.0,
    kl_weight: Annotated[
        float, typer.Option(help="Price of a nat away from the inventor, in rewards.")
    ] = 0.01,
    kl_stop: Annotated[
        float, typer.Option(help="Nats per token that the policy may move at a time.")
    ] = 0.01,
    queue: Annotated[
        int,
        typer.Option(min=0, help="Best programs per terrain to be imitated besides; 0: none."),
    ] = 8,
    queue_weight: Annotated[float, typer.Option(help="Of imitating them, beside PPO.")] = 1.0,
    reward_unit: Annotated[float, typer.Option(help="Distance that is a reward of 1.")] = 50.0,
    judged: Annotated[
        int, typer.Option(min=1, help="Programs per terrain in the table at the end.")
    ] = 32,
    cross_every: Annotated[
        int, typer.Option(min=0, help="Iterations between two tables in the log; 0: none.")
    ] = 0,
    seed: common.SEED = 0,
    threads: common.THREADS = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that judge; all cores if not given.")
    ] = None,
    sandbox: Annotated[str, typer.Option(help="Where programs run.")] = "wasm",
    save_every: common.SAVE_EVERY = 5.0,
    tensorboard: common.TENSORBOARD = None,
    resume: common.RESUME = False,
    json: common.JSON = False,
) -> None:
    """Teach a program model to invent for a terrain, by reinforcement (PPO)."""
    options: dict[str, Any] = {
        "terrains": tuple(name.strip() for name in terrains.split(",") if name.strip()),
        "terrain_network": terrain_network, "prefix_vectors": prefix_vectors,
        "samples": samples, "iterations": iterations, "max_tokens": max_tokens,
        "temperature": temperature, "epochs": epochs, "minibatches": minibatches, "rate": rate,
        "terrain_rate": terrain_rate, "value_rate": value_rate, "clip": clip,
        "value_clip": value_clip, "discount": discount, "trace": trace, "kl_weight": kl_weight,
        "kl_stop": kl_stop, "queue": queue, "queue_weight": queue_weight,
        "reward_unit": reward_unit, "judged": judged, "cross_every": cross_every,
        "save_every_s": 60 * save_every, "seed": seed,
    }  # fmt: skip
    folder = common.check_folder(out, resume)
    with needs_extra():
        common.prepare_torch(threads)
        from ulmus.models.inventing import read_inventing
        from ulmus.rewards import TerrainScores
        from ulmus.training import conditional
        from ulmus.workers import available_cores

        cores = available_cores()
        settings = conditional.Settings(**options)
        told = read_inventing(inventor)
        scores = TerrainScores(
            told.problem, told.problem_options, settings.terrains, sandbox=sandbox,
            workers=cores if workers is None else workers,
        )  # fmt: skip
        with scores, common.open_tensorboard(tensorboard) as write, Interrupts() as interrupts:
            result = conditional.train(
                inventor, scores, settings, folder, resume=resume,
                observe=_watcher(settings, write), stop=interrupts.asked,
            )  # fmt: skip
    if result is None:
        raise common.stopped(folder)
    _print_result(result, json)


def _watcher(settings: Settings, write: common.Scalars) -> Callable[[Iteration], None]:
    """Return what is told what an iteration came to: prints and logs it."""
    progress = _Progress(settings)

    def observe(told: Iteration) -> None:
        write(_scalars(told), told.iteration)
        progress(told)

    return observe


def _scalars(told: Iteration) -> dict[str, float]:
    """Return what shows over the iterations whether the policy learns or collapses."""
    found = {
        "reward": told.reward,
        "KL to stage 2": told.kl,
        "entropy": told.learned.entropy,
        "explained variance": told.explained_variance,
        "shared": told.shared,
    }
    if told.terrain_kl is not None:
        found["KL between terrains"] = told.terrain_kl
    if told.learned.queue_loss is not None:
        found["queue loss"] = told.learned.queue_loss
    for name, one in told.terrains.items():
        found |= {f"mean/{name}": one.mean, f"valid/{name}": one.valid}
        found[f"distinct/{name}"] = float(one.distinct)
    return found


class _Progress:
    """Prints a line after each iteration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spent: list[float] = []

    def __call__(self, told: Iteration) -> None:
        self._spent.append(sum(told.seconds.values()))
        left = self._settings.iterations - told.iteration
        left_s = left * sum(self._spent) / len(self._spent)
        terrains = "  ".join(
            f"{name} {one.mean:.1f} (best {one.best_so_far:.0f}, {one.valid:.0%} valid, "
            f"{one.distinct} distinct)"
            for name, one in told.terrains.items()
        )
        between = "" if told.terrain_kl is None else f", {told.terrain_kl:.1f} between terrains"
        say(
            f"iteration {told.iteration}  {terrains}  KL {told.kl:.1f}{between}  "
            f"entropy {told.learned.entropy:.2f}  {left_s / 60:.0f} min left"
        )
        for text in told.warnings:
            say(f"  {text}")


def _print_result(result: Result, json: bool) -> None:
    if json:
        emit(
            {
                "model": str(result.folder),
                "iterations": result.iterations,
                "seconds": round(result.seconds, 1),
                "before": result.before.to_json(),
                "after": result.after.to_json(),
                "best": {name: number(value) for name, value in result.best.items()},
            }
        )
        return
    print(f"{result.folder}: {result.iterations} iterations in {result.seconds / 60:.1f} min")
    for title, cross in (("before", result.before), ("after", result.after)):
        print(f"mean score {title}, written for (rows) on (columns):")
        print(_table(cross))


def _table(cross: Cross) -> str:
    names = list(cross.mean)
    width = max(len(name) for name in names)
    head = " " * width + "".join(f"  {name:>{width}}" for name in names)
    rows = [
        f"{name:<{width}}" + "".join(f"  {cross.mean[name][other]:>{width}.1f}" for other in names)
        for name in names
    ]
    return "\n".join([head, *rows])
