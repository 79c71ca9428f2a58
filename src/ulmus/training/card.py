"""The card of a model: what it is, what it learned from and how, in words for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ulmus import __version__
from ulmus.mining.sample import Sample

if TYPE_CHECKING:
    from ulmus.training import conditional, inventor, preference_model
    from ulmus.training.bases import Trainee
    from ulmus.training.course import Course
    from ulmus.training.diff_model import Result, Settings
    from ulmus.training.dpo import Ranking
    from ulmus.training.inventors import Inventor
    from ulmus.training.preferences import Pair


NETWORK_ONLY = ("size", "vocabulary", "whole_lines", "recall")
"""Settings of a new network and its tokenizer; a base brings its own."""

BASE_ONLY = ("lora", "full", "grow_to")
"""Settings of what is learned of a base."""


def model_card(
    trainee: Trainee,
    settings: Settings,
    parts: Mapping[str, tuple[Sequence[Sample], Sequence[Sample]]],
    result: Result,
    dropped: Mapping[str, int],
    origin: Mapping[str, str],
) -> str:
    """Return README.md of a model folder."""
    what = "An adapter" if trainee.adapter else "A model"
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-generation", "tags: [ulmus, diff]",
        "---", "", "# A diff model", "",
        f"{what} that proposes an edit of a Python program for a commit message, made with ulmus "
        f"{__version__}. Base: {_plain(trainee.base)}. {trainee.num_weights:,} weights, "
        f"{trainee.tokenizer.get_vocab_size():,} tokens.",
        "", f"Prompt style `{settings.style}`, form of the edit `{settings.form}`.",
        "", "## Data", "",
        *_data(parts, origin), "", "## Recipe", "",
        f"{result.steps:,} steps, {result.num_tokens:,} tokens (prompts included), "
        f"{result.seconds / 60:.1f} minutes. Loss on the edit only"
        f" (a token of the program counts {settings.prompt_weight}).",
        "", *_settings(settings),
    ]  # fmt: skip
    lines += _left_out(dict(sorted(dropped.items())), "Left out while drawing")
    lines += ["", "## Scores", "", *_scores(result)]
    return "\n".join([*lines, *LIMITS])


def inventor_card(
    trainee: Trainee,
    settings: inventor.Settings,
    facts: Mapping[str, Any],
    result: inventor.Result,
    origin: str,
) -> str:
    """Return README.md of the folder of an inventor."""
    what = "An adapter" if trainee.adapter else "A model"
    held = f"{result.num_tests:,} of the test split" if result.num_tests else "none"
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-generation",
        "tags: [ulmus, inventor]", "---", "", "# An inventor", "",
        f"{what} that writes whole programs for the problem `{facts.get('problem')}`, made with "
        f"ulmus {__version__}. Base: {_plain(trainee.base)}. {trainee.num_weights:,} weights, "
        f"{trainee.tokenizer.get_vocab_size():,} tokens.",
        "", *_beginning(result.prompt),
        "", "## Data", "",
        f"Data set {origin}: {result.num_texts:,} programs learned from; judged on: {held}. "
        f"Properties in the text: {facts.get('properties', 'none')}.",
    ]  # fmt: skip
    lines += [
        *_left_out(result.left_out),
        "", "## Recipe", "",
        f"{result.steps:,} steps, {result.num_tokens:,} tokens, {result.epochs:.2f} passes over "
        f"the data, {result.seconds / 60:.1f} minutes. Loss on all tokens of a program but the "
        "first, and on the end token.",
        "", *_settings(settings),
        "", "## Scores", "", *_readings(result),
    ]  # fmt: skip
    return "\n".join([*lines, *LIMITS])


def preference_card(
    trainee: Trainee,
    settings: preference_model.Settings,
    learned: Sequence[Pair],
    result: preference_model.Result,
) -> str:
    """Return README.md of the folder of a diff model that learned preferences."""
    what = "An adapter" if trainee.adapter else "A model"
    runs = ", ".join(sorted({pair.run for pair in learned}))
    fates = Counter(pair.fate.value.replace("_", " ") for pair in learned)
    counts = ", ".join(f"{fate}: {count:,}" for fate, count in fates.most_common())
    same = sum(pair.same_message for pair in learned)
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-generation", "tags: [ulmus, diff]",
        "---", "", "# A diff model that learned preferences", "",
        f"{what} that proposes an edit of a Python program for a commit message, made with ulmus "
        f"{__version__} by DPO from {_plain(settings.base)}, which is the reference. "
        f"{trainee.num_weights:,} weights, {trainee.tokenizer.get_vocab_size():,} tokens.",
        "", "## Data", "",
        f"Runs: {runs}. {result.num_pairs:,} pairs of answers to one parent, of which the map took "
        f"one; {same:,} of {len(learned):,} were asked for with the same message. "
        f"What became of the other answer: {counts}.",
    ]  # fmt: skip
    lines += [
        *_left_out(result.left_out),
        "", "## Recipe", "",
        f"{result.steps:,} steps, {result.num_tokens:,} tokens, {result.epochs:.2f} passes over "
        f"the pairs, {result.seconds / 60:.1f} minutes.",
        "", *_settings(settings),
        "", "## Scores", "", f"Training loss at the end: {result.loss:.3f} per pair.", "",
        *_rankings(result.before, result.after),
    ]  # fmt: skip
    return "\n".join([*lines, *LIMITS])


def _left_out(counts: Mapping[str, int], words: str = "Left out") -> list[str]:
    """Say what was left out, by reason; nothing if there is nothing."""
    told = ", ".join(f"{reason}: {count:,}" for reason, count in counts.items())
    return ["", f"{words}: {told}."] if told else []


def _rankings(before: Mapping[str, Ranking], after: Mapping[str, Ranking]) -> list[str]:
    if not before:
        return ["Nothing was held out."]
    lines = [
        "Held-out pairs, by what became of the rejected answer. Right: the chosen answer is the "
        "more likely one. Margin: by how many nats. Raised: the margin is larger than that of the "
        "starting model. Chosen: log-probability of the chosen answer, nats per token.",
        "", "| rejected | pairs | right | margin | chosen | raised |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    return lines + [
        f"| {name.replace('_', ' ')} | {old.num_pairs:,} | {old.right:.3f} → {new.right:.3f} | "
        f"{old.margin:.2f} → {new.margin:.2f} | {old.chosen:.3f} → {new.chosen:.3f} | "
        f"{new.raised:.3f} |"
        for (name, old), new in zip(before.items(), after.values(), strict=True)
    ]


LIMITS = (
    "", "## Limits", "",
    "It proposes; whether a proposal is any good decides whoever runs it. Run what it writes "
    "in a sandbox only.", "",
)  # fmt: skip


def _beginning(prompt: str) -> list[str]:
    if not prompt:
        return ["Programs begin in different ways; it is asked with the end token alone."]
    return ["Nearly all programs begin so, and from there it goes on:", "", "```python",
            *prompt.rstrip("\n").split("\n"), "```"]  # fmt: skip


def _readings(result: inventor.Result) -> list[str]:
    if not result.readings:
        return [f"Training loss at the end: {result.loss:.3f} nats per token."]
    lines = ["Losses in nats per token; the training loss is the mean of the last 50 steps.", ""]
    lines += ["| step | tokens | training loss | test loss |", "|---|---|---|---|"]
    for reading in result.readings:
        test = "" if reading.test_loss is None else f"{reading.test_loss:.3f}"
        lines.append(f"| {reading.step:,} | {reading.num_tokens:,} | {reading.loss:.3f} | {test} |")
    if result.bits_per_byte is not None:
        lines += [
            "", f"The test loss at the end is {result.bits_per_byte:.3f} bits per byte of program, "
            "which compares models whose tokens differ.",
        ]  # fmt: skip
    if result.learned_by_heart and result.lowest:
        lines += [
            "", f"The test loss was lowest at step {result.lowest.step:,} and rose after it: the "
            "model began to learn the programs by heart. These are the weights of the end; a "
            "shorter training ends nearer to the lowest.",
        ]  # fmt: skip
    return lines


def _settings(course: Course) -> list[str]:
    """Return a table of the settings that had a say."""
    idle = BASE_ONLY if course.base == "none" else NETWORK_ONLY
    values = {k: v for k, v in asdict(course).items() if k not in idle}
    told = (f"| {k} | {_plain(v)} |" for k, v in values.items())
    return ["| setting | value |", "|---|---|", *told]


def _data(
    parts: Mapping[str, tuple[Sequence[Sample], Sequence[Sample]]], origin: Mapping[str, str]
) -> list[str]:
    lines = []
    for name, (train, held) in parts.items():
        where = f" ({origin[name]})" if name in origin else ""
        lines.append(f"- {name}{where}: {len(train):,} edits, {len(held):,} held out.")
        licences = Counter(sample.licence for sample in train if sample.licence)
        if licences:
            lines += ["", "| licence | edits |", "|---|---|"]
            lines += [f"| {licence} | {count:,} |" for licence, count in licences.most_common()]
            lines.append("")
            repositories = Counter(sample.repo for sample in train)
            lines.append("Repositories: " + ", ".join(sorted(repositories)) + ".")
    return lines


def _scores(result: Result) -> list[str]:
    lines = [f"Training loss at the end: {result.loss:.3f} nats per token of the edit.", ""]
    if not result.held_out:
        return [*lines, "Nothing was held out."]
    lines += ["| held out | loss | tokens | edits |", "|---|---|---|---|"]
    return lines + [
        f"| {name} | {held.loss:.3f} | {held.num_tokens:,} | {held.num_edits:,} |"
        for name, held in result.held_out.items()
    ]


def _plain(value: object) -> str:
    if isinstance(value, str) and Path(value).is_dir():
        return Path(value).name  # where a folder lay is nobody's business
    if isinstance(value, tuple):
        return ", ".join(f"{name}={share}" for name, share in value) or "equal"
    return str(value)


def conditional_card(
    start: str, inventor: Inventor, settings: conditional.Settings, result: conditional.Result
) -> str:
    """Return README.md of a stage-3 model."""
    names = settings.terrains
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-generation",
        "tags: [ulmus, conditional]", "---", "", "# A conditional inventor", "",
        f"A model that writes a program for a terrain ({', '.join(names)}), made with ulmus "
        f"{__version__} by reinforcement (PPO) from the stage-2 model `{start}` "
        f"({inventor.fingerprint}). The terrain enters as a prefix from `terrain.safetensors` "
        f"(network `{settings.terrain_network}`); without it the model is none for a terrain.",
        "", "## Recipe", "",
        f"{result.iterations:,} iterations of {settings.samples} programs, "
        f"{result.seconds / 60:.1f} minutes.",
        "", "| setting | value |", "|---|---|",
        *(
            f"| {key} | {', '.join(value) if isinstance(value, tuple) else value} |"
            for key, value in asdict(settings).items()
        ),
        "", "## Scores", "",
    ]  # fmt: skip
    for title, cross in (("Before", result.before), ("After", result.after)):
        lines += [
            f"{title}: mean score of {settings.judged} programs for each terrain (rows) on every "
            "terrain (columns); invalid programs count 0.",
            "", f"| written for | {' | '.join(names)} | best at home |",
            "|---|" + "---|" * (len(names) + 1),
            *(
                f"| {name} | {' | '.join(f'{cross.mean[name][other]:.1f}' for other in names)} "
                f"| {cross.best[name]:.1f} |"
                for name in names
            ),
            "",
        ]  # fmt: skip
    lines += [
        "## Limits", "",
        "What it writes is a program of unknown effect. Run it in a sandbox only.", "",
    ]  # fmt: skip
    return "\n".join(lines)
