"""Data sets of programs: which are kept, how they are split, and how damage is named."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pytest
from families import AXES, family, scores, write_run
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ulmus import properties
from ulmus.cli.main import app
from ulmus.errors import (
    ConfigError,
    DataFormatError,
    DataWriteError,
    RunError,
    RunMismatchError,
    UlmusError,
)
from ulmus.records import Evaluation, Measure, Placement, Program, Proposal, Step, program_hash
from ulmus.runs.log import RunLog
from ulmus.training.dataset import Dataset, Row, hashes_in, read_dataset, write_dataset
from ulmus.training.programs import (
    BELOW,
    REPLACED,
    TWICE,
    choose,
    parse_percentile,
    programs_of_runs,
    read_runs,
    threshold,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of other seeds that share a third of their programs."""
    tmp_path = tmp_path_factory.mktemp("runs")
    shared = family("both", 200, 3)
    return [
        write_run(tmp_path / "one", shared + family("one", 400, 1), seed_program="square"),
        write_run(tmp_path / "two", shared + family("two", 400, 2), seed=2, seed_program="radial"),
    ]


def hashes(dataset: Dataset) -> set[str]:
    return {row.hash for row in dataset.train + dataset.test}


def test_higher_percentiles_keep_subsets(runs: list[Path]) -> None:
    kept = [hashes(programs_of_runs(runs, p)) for p in (100, 80, 50, 1)]
    assert all(small <= large for small, large in pairwise(kept))
    assert len(kept[0]) == 9  # the best of each cell, and the map has nine
    assert len(kept[0]) < len(kept[1]) < len(kept[2]) < len(kept[3])


@given(best=st.floats(-1e9, 1e9), p=st.floats(0.001, 100), q=st.floats(0.001, 100))
@settings(max_examples=300, deadline=None)
def test_the_threshold_never_falls_as_the_percentile_rises(best, p, q) -> None:
    assert threshold(best, min(p, q)) <= threshold(best, max(p, q)) <= best


def test_the_rule_is_that_of_the_paper(runs: list[Path]) -> None:
    best: dict[int, float] = {}
    everything = programs_of_runs(runs, 0.001)
    for row in everything.train + everything.test:
        best[row.cell] = max(best.get(row.cell, 0.0), row.fitness)
    expected = {
        row.hash
        for row in everything.train + everything.test
        if row.fitness >= 0.8 * best[row.cell]
    }
    assert hashes(programs_of_runs(runs, 80)) == expected


def test_final_keeps_the_champions_of_each_run(runs: list[Path]) -> None:
    dataset = programs_of_runs(runs, "final")
    assert 9 < len(hashes(dataset)) <= 18
    for run in dataset.facts.runs:
        rows = [row for row in dataset.train + dataset.test if row.run == run.name]
        assert len({row.cell for row in rows}) == len(rows)


def test_every_program_is_counted_once(runs: list[Path]) -> None:
    for percentile in (50, "final"):
        dataset = programs_of_runs(runs, percentile)
        facts = dataset.facts
        admitted = sum(run.admitted for run in facts.runs)
        assert len(hashes(dataset)) == len(dataset.train) + len(dataset.test)
        assert sum(facts.rows.values()) + sum(facts.dropped.values()) == admitted
        assert sum(run.kept for run in facts.runs) == sum(facts.rows.values())
        assert facts.dropped[TWICE] > 0
        assert bool(facts.dropped[BELOW]) == (percentile == 50)
        assert bool(facts.dropped[REPLACED]) == (percentile == "final")


def test_the_first_run_keeps_what_both_have(runs: list[Path]) -> None:
    for order in (runs, runs[::-1]):
        dataset = programs_of_runs(order, 1)
        assert {row.run for row in dataset.train + dataset.test if "# both" in row.text} == {
            order[0].name
        }


def test_what_is_kept_does_not_depend_on_the_order_of_the_runs(runs: list[Path]) -> None:
    for percentile in (50, 80, "final"):
        there, back = (programs_of_runs(order, percentile) for order in (runs, runs[::-1]))
        assert hashes(there) == hashes(back)


@pytest.mark.parametrize("seed", range(4))
def test_whole_lineages_are_held_out(tmp_path: Path, seed: int) -> None:
    texts = []
    for number in range(60):  # sixty small families: a run with many seeds has as many lineages
        texts += family(f"family {number}", 12, number)
    run = write_run(tmp_path / "run", texts, bins=60)
    dataset = programs_of_runs([run], 1, seed=seed)
    total = len(dataset.train) + len(dataset.test)
    assert 0.02 * total < len(dataset.test) <= 0.05 * total
    assert not {row.lineage for row in dataset.train} & {row.lineage for row in dataset.test}
    assert not {row.hash for row in dataset.train} & {row.hash for row in dataset.test}


def test_the_seed_decides_what_is_held_out(runs: list[Path]) -> None:
    tests = [programs_of_runs(runs, 1, seed=seed).test for seed in range(5)]
    assert any(test != tests[0] for test in tests)
    assert programs_of_runs(runs, 1, seed=3) == programs_of_runs(runs, 1, seed=3)


def test_rows_say_what_the_run_says(runs: list[Path]) -> None:
    row = programs_of_runs(runs, 100).train[0]
    fitness, values = scores(row.text)
    assert row.program == row.text
    assert row.hash == program_hash(row.text)
    assert (row.fitness, tuple(row.measures.values())) == (fitness, values)
    assert tuple(row.measures) == ("height", "mass")


@pytest.mark.parametrize("where", ["none", "before", "after"])
def test_a_data_set_is_read_as_it_was_written(runs: list[Path], tmp_path: Path, where) -> None:
    dataset = programs_of_runs(runs, 50, properties=where)
    for name in ("a", "b"):
        write_dataset(dataset, tmp_path / name)
    assert read_dataset(tmp_path / "a") == dataset
    hashes = hashes_in(tmp_path / "a")
    assert hashes == {row.hash for row in dataset.train + dataset.test}
    carried = pickle.dumps(hashes)
    assert len(carried) < 500
    assert pickle.loads(carried) == hashes
    files = [sorted(p for p in (tmp_path / n).rglob("*") if p.is_file()) for n in ("a", "b")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    assert all((row.text == row.program) == (where == "none") for row in dataset.train)
    assert all(program_hash(row.program) == row.hash for row in dataset.train)
    assert not list(tmp_path.glob(".*"))


def test_the_card_names_splits_files_and_counts(runs: list[Path], tmp_path: Path) -> None:
    dataset = programs_of_runs(runs, 50)
    write_dataset(dataset, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    head = card.split("---\n")[1]
    assert "configs:" in head
    for split in ("train", "test"):
        if dataset.rows(split):
            assert f"- split: {split}\n    path: data/{split}.jsonl" in head
            lines = (tmp_path / "out" / "data" / f"{split}.jsonl").read_text("utf-8").splitlines()
            assert len(lines) == dataset.facts.rows[split]
    assert f"{dataset.facts.dropped[BELOW]:,}" in card
    assert "50 %" in card


def test_properties_are_rounded_to_the_bins() -> None:
    line = properties.comment(AXES, 123.4567, (5.21, 17.3))
    assert line == "# fitness 123.5 height 5 mass 17"
    axis = Measure("height", "u", 0.0, 30.0, 12)
    assert [properties.rounded(axis, value) for value in (5.25, 10.0, -0.01)] == [
        "5.2",
        "10.0",
        "0.0",
    ]
    assert properties.comment((), 123456.0, ()) == "# fitness 123500"
    assert properties.comment((), 0.00012345, ()) == "# fitness 0.0001234"


@given(
    source=st.text("# fitnes1\n", max_size=40), where=st.sampled_from(["none", "before", "after"])
)
@settings(max_examples=200, deadline=None)
def test_the_comment_can_be_taken_off_again(source: str, where) -> None:
    text = properties.with_properties(source, "# fitness 1 height 2", where)
    assert (text == source) == (where == "none")
    assert properties.without_properties(text, where) == source


def test_a_property_is_read_or_named() -> None:
    assert properties.read_property("height 5 mass 1e2", AXES) == {"height": 5.0, "mass": 100.0}
    for wrong in ("", "height", "height five", "height nan", "hight 5", "height 5 height 6"):
        with pytest.raises(ConfigError):
            properties.read_property(wrong, AXES)


@pytest.mark.parametrize("text", ["0", "-1", "100.1", "nan", "inf", "all", ""])
def test_a_percentile_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--percentile"):
        parse_percentile(text)


def test_the_ends_of_the_range_are_taken() -> None:
    assert [parse_percentile(text) for text in ("100", "0.5", "final")] == [100.0, 0.5, "final"]


@pytest.mark.parametrize(
    ("change", "what"),
    [({"terrain": "tunnel"}, "tunnel"), ({"problem": "parity"}, "parity"), ({"bins": 4}, "in 4")],
)
def test_runs_that_do_not_go_together_are_named(
    runs: list[Path], tmp_path: Path, change: dict, what: str
) -> None:
    other = write_run(tmp_path / "other", family("other", 5, 1), **change)
    with pytest.raises(RunMismatchError) as caught:
        programs_of_runs([*runs, other], 50)
    assert what in str(caught.value)
    assert str(other) in str(caught.value)


def test_a_run_without_programs_is_no_harm_beside_others(runs: list[Path], tmp_path: Path) -> None:
    empty = write_run(tmp_path / "empty", [])
    assert hashes(programs_of_runs([*runs, empty], 50)) == hashes(programs_of_runs(runs, 50))
    with pytest.raises(RunError, match="admitted none"):
        programs_of_runs([empty], 50)


def test_a_run_given_twice_is_refused(runs: list[Path]) -> None:
    with pytest.raises(ConfigError, match="twice"):
        programs_of_runs([runs[0], runs[0]], 50)


def test_runs_of_one_folder_name_are_told_apart(tmp_path: Path) -> None:
    both = [write_run(tmp_path / n / "run", family(n, 30, 1)) for n in ("a", "b")]
    assert [run.name for run in programs_of_runs(both, 50).facts.runs] == ["run", "run-2"]


def test_a_run_that_is_still_written_is_taken_as_it_was(runs: list[Path], tmp_path: Path) -> None:
    runs = [copytree(runs[0], tmp_path / "one"), runs[1]]
    before = read_runs(runs)
    with RunLog.open_for_append(runs[0]) as log:
        seed = Program(family("both", 1, 3)[0][0])
        child = Proposal("syntax", (seed.hash,), Program("late = 1\n"))
        late = Step(999, 0, child, Evaluation(1e6, (1.0, 1.0)), Placement.IMPROVED, 0)
        log.append([late], replayable={"syntax": True}, elapsed_s=2.0, parts_s={})
        after = programs_of_runs(runs, 50)
    assert program_hash("late = 1\n") not in {one.program for one in choose(before, 50).kept}
    assert program_hash("late = 1\n") in hashes(after)


def test_a_text_that_no_file_can_hold_is_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [("x = 1\n", None), ("x = '\ud800'\n", "x = 1\n")], bins=50)
    dataset = programs_of_runs([run], 1)
    assert [row.text for row in dataset.train] == ["x = 1\n"]
    assert dataset.facts.dropped["text is no valid Unicode"] == 1


# What is wrong with a folder.


@pytest.fixture
def folder(runs: list[Path], tmp_path: Path) -> Path:
    write_dataset(programs_of_runs(runs, 50), tmp_path / "data set")
    return tmp_path / "data set"


def change_line(folder: Path, number: int, **changes: object) -> None:
    file = folder / "data" / "train.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[number - 1] = json.dumps(json.loads(lines[number - 1]) | changes)
    file.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "x = 99\n"}, {"text": None}, {"program": "x = 99\n"}, {"hash": 3}, {"fitness": "much"}, {"step": 1.5},
        {"measures": {"height": 1.0}}, {"measures": {"height": 1.0, "mass": "heavy"}},
    ],
)  # fmt: skip
def test_a_damaged_row_is_named_by_file_and_line(folder: Path, changes: dict) -> None:
    change_line(folder, 3, **changes)
    with pytest.raises(DataFormatError, match=r"train\.jsonl, line 3"):
        read_dataset(folder)


def test_a_file_that_is_cut_off_is_named(folder: Path) -> None:
    file = folder / "data" / "train.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    last = whole.count(b"\n")
    with pytest.raises(DataFormatError, match=rf"train\.jsonl, line {last}: damaged or cut off"):
        read_dataset(folder)
    file.write_bytes(whole[: whole[:-1].rindex(b"\n") + 1])
    with pytest.raises(DataFormatError, match=rf"has {last - 1} rows"):
        read_dataset(folder)
    file.unlink()
    with pytest.raises(DataFormatError, match=r"cannot read .*train\.jsonl"):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "damaged"), ("[]", "does not belong"), ('{"format": "other"}', "does not belong"),
        ('{"format": "ulmus-programs", "version": 99}', "version 99"),
        ('{"format": "ulmus-programs", "version": 1}', "damaged"), ("\x00", "damaged"),
    ],
)  # fmt: skip
def test_a_foreign_folder_is_named(folder: Path, text: str, why: str) -> None:
    (folder / "ulmus.json").write_text(text, "utf-8")
    with pytest.raises(DataFormatError, match=why):
        read_dataset(folder)


def test_no_folder_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="no data set"):
        read_dataset(tmp_path / "nothing")


def test_an_empty_data_set_is_named(folder: Path) -> None:
    file = folder / "ulmus.json"
    plain = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(plain | {"rows": {"train": 0, "test": 0}}), "utf-8")
    with pytest.raises(DataFormatError, match="no program to learn from"):
        read_dataset(folder)


def test_nothing_is_left_of_a_data_set_that_could_not_be_written(
    runs: list[Path], tmp_path: Path
) -> None:
    broken = programs_of_runs(runs, 50)
    row = broken.train[0]
    bad = Row("\ud800", "\ud800", row.hash, 1.0, row.measures, 0, "one", 0, "one/0")
    with pytest.raises(UnicodeEncodeError):
        write_dataset(Dataset(broken.facts, (row, bad), ()), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".*"))


def test_an_existing_folder_is_refused(runs: list[Path], folder: Path) -> None:
    before = (folder / "ulmus.json").read_bytes()
    with pytest.raises(DataWriteError, match="exists already"):
        write_dataset(programs_of_runs(runs, 80), folder)
    assert (folder / "ulmus.json").read_bytes() == before


def test_parquet_reads_back_as_it_was_written(runs: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    dataset = programs_of_runs(runs, 50)
    write_dataset(dataset, tmp_path / "out", "parquet")
    assert read_dataset(tmp_path / "out") == dataset


# The command.


def test_the_command_prints_its_counts(runs: list[Path], tmp_path: Path) -> None:
    told = [*map(str, runs), "--out", str(tmp_path / "out"), "--percentile", "80", "--json"]
    result = CliRunner().invoke(app, ["dataset", *told, "--properties", "before"])
    assert result.exit_code == 0, result.output
    plain = json.loads(result.stdout.splitlines()[-1])
    dataset = read_dataset(tmp_path / "out")
    assert plain["train"] == len(dataset.train)
    assert plain["programs"] == len(hashes(dataset)) == sum(plain["runs"].values())
    assert plain["admitted"] == plain["programs"] + sum(plain["dropped"].values())
    assert dataset.train[0].text.startswith("# fitness ")


@pytest.mark.parametrize(
    "options",
    [[], ["--percentile", "0"], ["--properties", "above"], ["--format", "csv"]],
)
def test_the_command_names_what_is_wrong(runs: list[Path], tmp_path: Path, options) -> None:
    out = ["--out", str(tmp_path / "new")] if options else []
    result = CliRunner().invoke(app, ["dataset", str(runs[0]), *out, *options])
    assert isinstance(result.exception, UlmusError)
    assert not (tmp_path / "new").exists()
