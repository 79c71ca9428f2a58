"""Models of programs judged: samples in a fresh map, orders, half programs."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from families import AXES, family, write_run
from line_models import HEAD_LINES, order_line, walkers, walkers_to_order, write_lines_model
from typer.testing import CliRunner

from ulmus.cli.main import app
from ulmus.errors import ConfigError, ModelError, RunMismatchError, UlmusError
from ulmus.invention.completion import first_half
from ulmus.invention.orders import correlations, orders_for, orders_of_rows, spearman
from ulmus.invention.sampling import figures_of_rows
from ulmus.problems.sodarace.programs import read_seed
from ulmus.records import program_hash
from ulmus.runs.log import RunLog
from ulmus.runs.views import champions, source_of
from ulmus.training.dataset import Dataset, read_dataset
from ulmus.training.programs import programs_of_runs


def invoke(*arguments: object) -> dict:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines_model(tmp_path_factory.mktemp("model") / "lines", walkers())


@pytest.fixture(scope="module")
def run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "samples"
    invoke("sample", model, "-n", 150, "--into", folder, "--workers", 0, "--seed", 4)
    return folder


def content(folder: Path) -> list[tuple]:
    with RunLog.open_read_only(folder) as log:
        return [(step, log.text(step.number)) for step in log.steps()]


def test_the_figures_are_those_of_the_samples(model: Path, tmp_path: Path) -> None:
    told = invoke("sample", model, "-n", 150, "--into", tmp_path / "run", "--workers", 0)
    with RunLog.open_read_only(tmp_path / "run") as log:
        sources = [text.source for _, text in log.texts()]
        best = [step.fitness for step in champions(log.steps()).values()]
        reasons = {step.reason for step in log.steps() if step.placement == "invalid"}
    broken = sum("nowhere" in source for source in sources)
    assert 0 < broken < 40
    assert all("NameError" in reason for reason in reasons)
    assert told["samples"] == len(sources) == 150
    assert told["valid"] == pytest.approx(1 - broken / 150)
    assert told["distinct"] == pytest.approx(len(set(sources)) / 150)
    assert told["cells"] == len(best) > 20
    assert told["qd_score"] == pytest.approx(sum(best))
    assert told["best_fitness"] == max(best)
    assert (told["new"], told["data"], told["qd_ratio"], told["order"]) == (None, None, None, {})


def test_the_progress_line_and_the_figures_agree(model: Path, tmp_path: Path) -> None:
    told = ("sample", str(model), "--into", str(tmp_path / "run"), "--workers", "0")
    for more in (("-n", "90"), ("-n", "150", "--resume")):
        result = CliRunner().invoke(app, [*told, *more])
        assert result.exit_code == 0, result.output
        shown = re.findall(r"valid +(\d+) %\n +sample: (\d+)% valid", result.stderr)
        told_at_the_end = re.search(
            r"samples, ([\d.]+) % valid, ([\d.]+) % distinct", result.stdout
        )
        assert told_at_the_end is not None
        valid, distinct = map(float, told_at_the_end.groups())
        assert distinct < valid  # no more than that would be valid if duplicates were not
        assert {round(valid)} == set(map(int, shown[-1]))


def test_the_run_is_like_any_other(run: Path, tmp_path: Path) -> None:
    assert invoke("verify", run, "--workers", 0)["different"] == 0
    for command in ("show", "elites"):
        assert CliRunner().invoke(app, [command, str(run)]).exit_code == 0
    report = CliRunner().invoke(app, ["report", str(run), "--out", str(tmp_path / "report.html")])
    assert report.exit_code == 0, report.output
    told = invoke("dataset", run, "--percentile", 50, "--out", tmp_path / "data")
    assert told["programs"] > 0
    rows = read_dataset(tmp_path / "data").train
    assert all(row.text.startswith(HEAD_LINES) for row in rows)


def test_samples_go_on_where_they_stopped(model: Path, run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    told = ("sample", model, "--into", folder, "--workers", 0, "--seed", 4)
    invoke(*told, "-n", 70)
    invoke(*told, "-n", 150, "--resume")
    assert content(folder) == content(run)


def test_another_seed_or_terrain_is_another_run(model: Path, run: Path) -> None:
    for other in (("--seed", 5), ("--terrain", "tunnel"), ("--temperature", 0.5)):
        with pytest.raises(RunMismatchError):
            invoke("sample", model, "-n", 160, "--into", run, "--resume", "--workers", 0, *other)


@pytest.mark.slow
def test_workers_change_nothing(model: Path, run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    invoke("sample", model, "-n", 150, "--into", folder, "--workers", 2, "--seed", 4)
    assert content(folder) == content(run)


def test_a_terrain_changes_the_scores_and_not_the_programs(
    model: Path, run: Path, tmp_path: Path
) -> None:
    invoke("sample", model, "-n", 40, "--into", tmp_path / "run", "--workers", 0, "--seed", 4,
           "--terrain", "tunnel")  # fmt: skip
    flat, tunnel = content(run)[:40], content(tmp_path / "run")
    assert [step.program for step, _ in flat] == [step.program for step, _ in tunnel]
    assert [step.fitness for step, _ in flat] != [step.fitness for step, _ in tunnel]


def test_samples_are_compared_with_the_data_set(model: Path, run: Path, tmp_path: Path) -> None:
    invoke("dataset", run, "--percentile", 100, "--out", tmp_path / "data")
    data = read_dataset(tmp_path / "data")
    told = invoke("sample", model, "-n", 100, "--into", tmp_path / "run", "--workers", 0,
                  "--seed", 9, "--data", tmp_path / "data")  # fmt: skip
    known = {row.hash for row in data.train + data.test}
    samples = [step.program for step, _ in content(tmp_path / "run")]
    assert told["new"] == pytest.approx(sum(one not in known for one in samples) / 100)
    assert 0 < told["new"] < 1
    drawn = told["data"]
    assert drawn["programs"] == drawn["cells"] == min(100, len(data.train))  # a champion per cell
    assert drawn["qd_score"] == pytest.approx(sum(row.fitness for row in data.train))
    assert told["qd_ratio"] == pytest.approx(told["qd_score"] / drawn["qd_score"])
    scores = {(row.fitness, *row.measures.values()) for row in data.train + data.test}
    judged = {step.program: step for step, _ in content(tmp_path / "run") if step.fitness}
    unlike = sum(
        one in judged and (judged[one].fitness, *judged[one].measures) not in scores
        for one in samples
    )
    assert told["new_scores"] == pytest.approx(unlike / 100)
    assert 0 < told["new_scores"] < told["new"]
    other = invoke("sample", model, "-n", 20, "--into", tmp_path / "other", "--workers", 0,
                   "--data", tmp_path / "data", "--terrain", "bumpy")  # fmt: skip
    assert other["data"] is None  # its figures are of another terrain
    assert other["new_scores"] is None


def test_programs_of_the_data_set_are_drawn_again(model: Path, run: Path, tmp_path: Path) -> None:
    data, into = tmp_path / "data", tmp_path / "run"
    invoke("dataset", run, "--percentile", 50, "--out", data)
    told = ("sample", model, "--into", into, "--workers", 0, "--seed", 9)
    drawn = (*told, "--data", data, "--new-attempts", 20)
    invoke(*drawn, "-n", 30)
    again = invoke(*drawn, "-n", 90, "--resume")
    plain = invoke("sample", model, "-n", 90, "--into", tmp_path / "plain", "--workers", 0,
                   "--seed", 9, "--data", data)  # fmt: skip
    assert plain["new"] < 0.3  # most of them such that do not run
    assert again["new"] > 2 * plain["new"]
    assert again["new_scores"] > plain["new_scores"]
    with pytest.raises(RunMismatchError):
        invoke(*told, "--data", data, "-n", 100, "--resume")
    invoke("dataset", into, "--percentile", 50, "--out", tmp_path / "other")
    assert len(read_dataset(tmp_path / "other").train) != len(read_dataset(data).train)
    with pytest.raises(RunMismatchError):
        invoke(*told, "--data", tmp_path / "other", "--new-attempts", 20, "-n", 100, "--resume")


def test_the_map_of_the_data_set_holds_the_best_of_each_cell(tmp_path: Path) -> None:
    dataset = programs_of_runs([write_run(tmp_path / "run", family("one", 200, 1))], 1)
    whole = figures_of_rows(dataset, 10_000, 0)
    best: dict[int, float] = {}
    for row in dataset.train:
        best[row.cell] = max(row.fitness, best.get(row.cell, 0.0))
    assert (whole.programs, whole.cells) == (len(dataset.train), len(best))
    assert whole.qd_score == pytest.approx(sum(best.values()))
    few = [figures_of_rows(dataset, 5, seed) for seed in range(5)]
    assert {figures.programs for figures in few} == {5}
    assert len({figures.qd_score for figures in few}) > 1
    assert few[0] == figures_of_rows(dataset, 5, 0)


# Programs to order.


def test_what_is_ordered_and_what_comes_are_correlated(tmp_path: Path) -> None:
    model = write_lines_model(
        tmp_path / "model", walkers_to_order(), prompt="# fitness", properties="before"
    )
    asked = []
    for height in (2, 11, 21, 26):
        asked += ["--property", order_line(height).removeprefix("# ")]
    told = invoke("sample", model, "-n", 40, "--into", tmp_path / "run", "--workers", 0, *asked)
    assert told["valid"] == 1.0
    assert told["order"] == {"height": pytest.approx(1.0)}
    notes = {text.note for _, text in content(tmp_path / "run")}
    assert notes == {order_line(height).rstrip() for height in (2, 11, 21, 26)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("family") / "run"
    return programs_of_runs([write_run(folder, family("one", 300, 1), bins=8)], 1)


def test_what_an_order_leaves_open_is_taken_from_the_nearest_program(data: Dataset) -> None:
    (order,) = orders_for(["height 20"], AXES, data)
    near = min(data.train, key=lambda row: abs(row.measures["height"] - 20))
    words = order.split()
    assert words[1::2] == ["fitness", "height", "mass"]
    assert float(words[2]) == pytest.approx(near.fitness, rel=1e-3)
    assert words[4] == "20"
    assert float(words[6]) == pytest.approx(near.measures["mass"], abs=0.5)
    assert orders_for(["fitness 7 mass 50 height 20"], AXES, None) == [
        "# fitness 7 height 20 mass 50"
    ]
    with pytest.raises(ConfigError, match="leaves fitness, mass open"):
        orders_for(["height 20"], AXES, None)


def test_orders_can_be_those_of_held_out_programs(data: Dataset) -> None:
    orders = orders_of_rows(data, 3, seed=1)
    assert 1 <= len(orders) <= 3
    assert orders == orders_of_rows(data, 3, seed=1)
    assert all(order.startswith("# fitness ") for order in orders)


def test_the_rank_correlation_is_spearmans() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 300, 4000]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207827)  # tied ranks
    assert spearman([1, 1], [1, 2]) is None
    rng = random.Random(1)
    noise = [[rng.random() for _ in range(500)] for _ in range(2)]
    value = spearman(*noise)
    assert value is not None
    assert abs(value) < 0.15
    pairs = [({"a": 1.0, "b": 2.0}, {"a": x, "b": 1.0}) for x in (1.0, 2.0)]
    assert correlations(pairs) == {}


# Half programs.


def test_the_first_half_is_half_of_the_lines() -> None:
    assert first_half("a\n\nb\nc\nd\n") == "a\n\n"
    assert first_half("a\nb") == "a\n"
    for name in ("wheel", "galloper", "runner"):
        half = first_half(read_seed(name))
        assert read_seed(name).startswith(half)
        assert half.endswith("\n")


def test_half_programs_are_completed_and_compared(tmp_path: Path) -> None:
    start = "    a = wc.add_joint(0, 0)\n"
    program = tmp_path / "program.py"
    text = HEAD_LINES + start
    for line in ("    b = wc.add_joint(6, 0)\n", "    c = wc.add_joint(1, 6)\n"):
        text += line
    links = next(line for line in walkers() if "wc.add_muscle(a, b" in line)
    text += links + "    return wc.get_walker()\n"
    program.write_text(text, "utf-8")
    assert first_half(text) == HEAD_LINES + start
    model = write_lines_model(tmp_path / "model", walkers(sizes=(6, 11)))
    told = invoke("complete", model, program, "-n", 60, "--workers", 0)
    one = told["programs"][str(program)]
    assert one["samples"] == 60
    assert 0.75 < one["valid"] < 1
    assert 5 < one["same"] < 30  # one of four
    assert one["best"] >= one["original"] > 0
    assert told["percent"] == pytest.approx(100 * one["best"] / one["original"])
    assert told == invoke("complete", model, program, "-n", 60, "--workers", 0)


# What can go wrong.


def test_what_makes_no_sense_is_named(model: Path, run: Path, tmp_path: Path) -> None:
    out = ("--into", tmp_path / "new", "--workers", 0, "-n", 5)
    for wrong, error in (
        ((tmp_path / "nothing", *out), ConfigError),
        ((run, *out), ModelError),
        ((model, *out, "--terrain", "moon"), ConfigError),
        ((model, *out, "--top-p", 2), ConfigError),
        ((model, *out, "--property", "height"), ConfigError),
        ((model, *out, "--property", "fitness 1 height 2 width 3 mass 4"), ConfigError),
        ((model, *out, "--orders", 3), ConfigError),
        ((model, *out, "--new-attempts", 2), ConfigError),
        ((model, *out, "--data", tmp_path), UlmusError),
        ((model, "-n", 5, "--resume"), ConfigError),
    ):
        with pytest.raises(error):
            invoke("sample", *wrong)
        assert not (tmp_path / "new").exists()
    for wrong in ("whel", tmp_path / "none.py"):
        with pytest.raises(UlmusError):
            invoke("complete", model, wrong, "-n", 2, "--workers", 0)


def test_a_program_without_fitness_cannot_be_compared(model: Path, tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("x = 1\ny = 2\n", "utf-8")
    with pytest.raises(ConfigError, match="no fitness to compare"):
        invoke("complete", model, program, "-n", 2, "--workers", 0)


def test_hashes_of_samples_are_those_of_their_texts(run: Path) -> None:
    with RunLog.open_read_only(run) as log:
        for step in champions(log.steps()).values():
            assert program_hash(source_of(log, step.number)) == step.program
