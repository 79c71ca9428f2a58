"""The numbers of the presets, and what a user changes of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ulmus.errors import ConfigError
from ulmus.pipeline.presets import NAMES, TABLE, Preset, preset_named, read_changes
from ulmus.pipeline.stages import STAGES, tasks_of


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_has_every_number_and_every_stage(name: str) -> None:
    preset = preset_named(name, {})
    assert set(TABLE) == set(Preset.model_fields)
    stages = [task.stage for task in tasks_of(preset)]
    assert set(stages) == set(STAGES) - {"report"}
    assert stages == sorted(stages, key=STAGES.index)


def test_tasks_come_after_what_they_read_and_have_folders_of_their_own() -> None:
    tasks = tasks_of(preset_named("paper", {}))
    folders = [task.folder for task in tasks]
    assert len(set(folders)) == len(folders)
    for number, task in enumerate(tasks):
        assert set(task.inputs) <= set(folders[:number])
    assert len([task for task in tasks if task.stage == "runs"]) == 9


def test_what_feeds_the_data_sets() -> None:
    def sources(**changes: object) -> set[str]:
        tasks = tasks_of(preset_named("tiny", changes))
        data = next(task for task in tasks if task.stage == "dataset")
        return {name.partition("/")[0] for name in data.inputs}

    assert sources() == {"1-runs", "2-tuned"}
    assert sources(first_runs_count=False) == {"2-tuned"}
    assert sources(tuned_evaluations=0, first_runs_count=False) == {"1-runs"}


def test_the_papers_numbers_are_the_papers() -> None:
    paper = preset_named("paper", {})
    assert paper.evaluations == 2_000 * 512
    assert (paper.batch_size, paper.runs_per_seed, len(paper.seed_programs)) == (512, 3, 3)
    assert (paper.inventor_size, paper.samples, paper.ppo_samples) == ("300m", 1_024, 1_024)
    assert (paper.ppo_iterations, paper.ppo_seeds, paper.first_runs_count) == (100, 3, False)


def test_an_evening_on_a_laptop_has_200_000_evaluations() -> None:
    laptop = preset_named("laptop", {})
    assert laptop.evaluations * laptop.runs_per_seed * len(laptop.seed_programs) >= 200_000


def test_changes_are_read_as_toml_and_bare_words_as_text() -> None:
    texts = ["evaluations=10", "percentiles = [50, 80]", "terrain_network=picture",
             "inventor_base=none", "inventor_minutes=none", 'operators={diff = 1.0}']  # fmt: skip
    changes = read_changes(texts)
    assert changes == {
        "evaluations": 10, "percentiles": [50, 80], "terrain_network": "picture",
        "inventor_base": "none", "inventor_minutes": None, "operators": {"diff": 1.0},
    }  # fmt: skip
    assert preset_named("tiny", changes).percentiles == [50.0, 80.0]


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("tinny", {}, "Did you mean 'tiny'"),
        ("tiny", {"evaluation": 3}, "Did you mean 'evaluations'"),
        ("tiny", {"evaluations": 0}, "evaluations: .* got 0"),
        ("tiny", {"evaluations": "many"}, "evaluations"),
        ("tiny", {"percentile": 70.0}, "one of percentiles"),
    ],
)
def test_what_makes_no_sense_is_named(
    name: str, changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        preset_named(name, changes)


def test_a_change_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        read_changes(["evaluations"])
    with pytest.raises(ConfigError, match="comes twice"):
        read_changes(["samples=1", "samples=2"])


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'dataset'"):
        tasks_of(preset_named("tiny", {}), "datasets")


def test_the_page_says_the_numbers_of_the_presets() -> None:
    page = (Path(__file__).parents[2] / "docs/invention.md").read_text("utf-8")
    section = page.split("\n## One command for everything\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))
    told = {key: row.split(" | ") for key, row in rows.items() if key in TABLE}
    assert len(told) > 10
    for key, cells in told.items():
        assert cells == [_plain(value) for value in TABLE[key]], key


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {weight:g}" for name, weight in value.items())
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return "none" if value is None else str(value)
