"""Operator tuning: a diff model learns from the edits that maps accepted (paper, section 3.3).

How it departs from the paper: the paper tunes once, between two series of runs; `run_tuned` also
tunes while a run goes on, which the paper leaves open. Both take every accepted edit, weigh all
of them equally and train one round.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ulmus import experiment as root
from ulmus.catalogue import layout_of
from ulmus.config import RunConfig
from ulmus.errors import RunFormatError, TrainingError
from ulmus.models.shelf import find_model, knows_effects, open_model
from ulmus.operators.soundness import FAULTS
from ulmus.records import Json, Placement, Sampling
from ulmus.runs.log import RunLog
from ulmus.search.loop import Progress
from ulmus.training.accepted import edits_of_runs
from ulmus.training.evaluation import Quality, sample_quality

if TYPE_CHECKING:
    from ulmus.mining.sample import Sample
    from ulmus.training.loop import Report

MODELS = "models"
"""Folder within a run that keeps the models which were tuned on it."""

_TUNED = "tuned"  # entry of a run's manifest: evaluations and model of each tuning


@dataclass(frozen=True)
class Round:
    """How long one round of training is.

    Attributes:
        steps: Steps; the same data and steps give the same weights on one machine.
        minutes: Minutes; None: no limit.
        rate: Highest learning rate; None: the usual one.
        seed: Of order and messages.
        tokens_per_step: Tokens of a step; None: the usual number.
    """

    steps: int | None = 300
    minutes: float | None = None
    rate: float | None = None
    seed: int = 0
    tokens_per_step: int | None = None


@dataclass(frozen=True)
class SearchFigures:
    """What a fresh search with nothing but the diff operator came to.

    Attributes:
        seed: Of the search.
        evaluations: Children asked for.
        valid_edits: Share of the children whose edit applied and changed something.
        runnable: Share of the children that were valid walkers, or whatever the problem asks.
        cells: Cells at the end.
        qd_score: QD score at the end.
        best: Best fitness at the end.
    """

    seed: int
    evaluations: int
    valid_edits: float
    runnable: float
    cells: int
    qd_score: float
    best: float


@dataclass(frozen=True)
class Tuning:
    """What a tuning came to.

    Attributes:
        model: Folder of the tuned model.
        num_edits: Accepted edits that were learned from.
        num_held_out: Accepted edits that were kept apart.
        quality: Of the answers on held-out edits, "before" and "after".
        searches: Fresh searches, "before" and "after".
    """

    model: Path
    num_edits: int
    num_held_out: int
    quality: Mapping[str, Quality]
    searches: Mapping[str, Sequence[SearchFigures]]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "model": str(self.model),
            "edits": self.num_edits,
            "held_out": self.num_held_out,
            "quality": {name: asdict(value) for name, value in self.quality.items()},
            "searches": {
                name: [asdict(figures) for figures in some] for name, some in self.searches.items()
            },
        }


def tune(
    runs: Sequence[Path],
    model: str,
    out: Path,
    *,
    training: Round,
    config: RunConfig,
    held_out_runs: Sequence[Path] = (),
    num_judged: int = 100,
    search_seeds: Sequence[int] = (),
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda text: None,
) -> Tuning | None:
    """Train a model on the accepted edits of runs; judge it before and after.

    Args:
        runs: Folders of runs.
        model: Name or folder of the model to start from.
        out: Folder of the tuned model; must be new or empty.
        training: How long the round is.
        config: Of the fresh searches; `evaluations` says how long each is.
        held_out_runs: Runs that are only judged; lineages of `runs` if there are none.
        num_judged: Held-out edits that the model is asked for, before and after.
        search_seeds: Seeds of the fresh searches, before and after; none: no searches.
        resume: Go on with the training in `out` that was stopped or killed.
        observe: Is told where the training stands.
        stop: Is asked after each step of the training.
        say: Is told what happens, in a few words.

    Returns:
        What it came to; None if the training was stopped.

    Raises:
        TrainingError: There is nothing to learn from, or see `ulmus.training`.
        ConfigError, ModelError, RunError: A model or run cannot be read.
    """
    samples = edits_of_runs(runs, held_out_runs, seed=training.seed, effects=knows_effects(model))
    held = [sample for sample in samples if sample.split == "val"][:num_judged]
    say(f"{len(samples):,} accepted edits of {len(runs)} runs")
    quality: dict[str, Quality] = {}
    searches: dict[str, Sequence[SearchFigures]] = {}

    def judge(when: str, folder: str) -> None:
        say(f"judging the model {when} tuning")
        if held:
            quality[when] = _quality(folder, held, config)
        searches[when] = [search_with(folder, config, seed) for seed in search_seeds]

    judge("before", model)
    if not train_round(samples, model, out, training, resume=resume, observe=observe, stop=stop):
        return None
    judge("after", str(out))
    num_held = sum(sample.split == "val" for sample in samples)
    return Tuning(out, len(samples) - num_held, num_held, quality, searches)


def train_round(
    samples: Sequence[Sample],
    model: str,
    out: Path,
    training: Round,
    *,
    resume: bool = False,
    observe: Callable[[Report], None] = lambda report: None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Train one round from a model on; tell whether it came to its end.

    Raises:
        TrainingError: There is nothing to learn from, or see `ulmus.training`.
    """
    from ulmus.training import diff_model

    if not any(sample.split == "train" for sample in samples):
        raise TrainingError("these runs have accepted no edit of up to 30 lines: nothing to learn")
    _, taught = open_model(model)
    settings = diff_model.Settings(
        base=str(find_model(model)),
        style=cast(Any, taught.style),
        form=taught.form,
        max_prompt_tokens=taught.max_prompt_tokens,
        max_edit_tokens=taught.max_edit_tokens,
        steps=training.steps,
        minutes=training.minutes,
        rate=training.rate,
        tokens_per_step=training.tokens_per_step,
        seed=training.seed,
    )
    origin = {"runs": ", ".join(sorted({sample.repo for sample in samples}))}
    result = diff_model.train(
        {"runs": samples}, settings, out, resume=resume, observe=observe, stop=stop, origin=origin
    )
    return result is not None


def search_with(model: str, config: RunConfig, seed: int) -> SearchFigures:
    """Run a fresh search with nothing but the diff operator and a model; nothing is kept."""
    diff = config.diff.model_copy(update={"model": model})
    told = config.model_copy(update={"operators": {"diff": 1.0}, "diff": diff, "seed": seed})
    with tempfile.TemporaryDirectory(prefix="ulmus-tune-") as scratch:
        experiment, log = root.start(told, Path(scratch) / "run")
        with log:
            progress = root.run(experiment, log)
    return figures(progress, seed)


def figures(progress: Progress, seed: int) -> SearchFigures:
    """Return the figures of a search with nothing but the diff operator."""
    tally = progress.tallies["diff"]
    unsound = sum(tally.by_reason.get(reason, 0) for reason in FAULTS)
    best = progress.archive.best
    return SearchFigures(
        seed,
        tally.proposals,
        1 - tally.share(Placement.REFUSED) + unsound / max(1, tally.proposals),
        tally.valid_share,
        len(progress.archive),
        progress.archive.qd_score,
        best[1].fitness if best else 0.0,
    )


def run_tuned(
    experiment: root.Experiment,
    log: RunLog,
    *,
    observe: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda text: None,
) -> Progress:
    """Run a search that tunes its diff model on its own accepted edits, again and again.

    After each `tune_every` evaluations (see the configuration) the model goes on learning from
    all that the run accepted, and the tuned model makes the next children. The models are kept in
    the run's folder and named in its manifest, so that a resumed run goes on with the last one.

    Args:
        experiment: From `experiment.start` or `experiment.resume`.
        log: From the same call.
        observe: Called after each batch.
        stop: Asked before each batch.
        say: Is told what happens, in a few words.

    Raises:
        See `experiment.run` and `train_round`.
    """
    config = experiment.config
    every, training = config.tune_every or 1, Round(config.tune_steps, seed=config.seed)
    final = root.budget_of(config)
    tuned = _tuned(log)
    if tuned:
        experiment = with_model(experiment, log.folder / tuned[-1]["model"])
    while True:
        at = (log.num_steps // every + 1) * every
        if final.evaluations is not None:
            at = min(at, final.evaluations)
        budget = replace(final, evaluations=at)
        progress = root.run(experiment, log, observe=observe, stop=stop, budget=budget)
        if final.is_spent(progress.evaluations, progress) or stop():
            return progress
        number = len(tuned) + 1
        folder = log.folder / MODELS / f"tuned-{number}"
        say(f"tuning the diff model on the edits accepted so far, round {number}")
        told = knows_effects(experiment.config.diff.model)
        samples = edits_of_runs([log.folder], seed=training.seed, effects=told)
        _clear(folder)
        if not train_round(samples, experiment.config.diff.model, folder, training, stop=stop):
            return progress
        tuned.append({"evaluations": progress.evaluations, "model": f"{MODELS}/{folder.name}"})
        log.set_manifest({_TUNED: cast(Json, tuned)})
        experiment = with_model(experiment, folder)


def with_model(experiment: root.Experiment, folder: Path) -> root.Experiment:
    """Return an experiment whose operator `diff` uses another model."""
    diff = experiment.config.diff.model_copy(update={"model": str(folder)})
    return root.build(experiment.config.model_copy(update={"diff": diff}))


def _quality(model: str, held: Sequence[Sample], config: RunConfig) -> Quality:
    opened, taught = open_model(model)
    told = config.diff
    sampling = Sampling(told.temperature, told.top_p, told.max_tokens)
    return sample_quality(opened, held, layout_of(taught, told.form), sampling)


def _tuned(log: RunLog) -> list[dict[str, Any]]:
    """Return the tunings of a run whose models are still there, in order."""
    stored = log.manifest.get(_TUNED)
    found = [dict(entry) for entry in stored] if isinstance(stored, list) else []
    for entry in found:
        if not (log.folder / str(entry["model"])).is_dir():
            raise RunFormatError(
                f"{log.folder} was tuned, and its model {entry['model']} is gone: the run cannot "
                "go on without it"
            )
    return found


def _clear(folder: Path) -> None:
    """Remove what a training left that was killed: the same round is made again."""
    if folder.exists():
        shutil.rmtree(folder)
