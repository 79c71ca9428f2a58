"""The log of a run: what is appended comes back, and nothing damaged is accepted or touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ulmus.errors import (
    RunFormatError,
    RunLockedError,
    RunNotFoundError,
    RunWriteError,
)
from ulmus.records import Evaluation, Placement, Program, Proposal, Step
from ulmus.runs.file import FILE_NAME
from ulmus.runs.log import RunLog
from ulmus.runs.views import champions, curve, elites, lineage, source_of, tallies

SEED, CHILD, GRANDCHILD = Program("seed"), Program("child \ud800 ü"), Program("grandchild")
STEPS = [
    Step(0, 0, Proposal("seed", (), SEED), Evaluation(1.0, (0.1, 0.25)), Placement.NEW, 3),
    Step(1, 0, Proposal("edit", (SEED.hash,), CHILD, note="longer \udcff"), Evaluation(2.0, (0.1, 0.3)), Placement.IMPROVED, 3),
    Step(1, 1, Proposal("edit", (SEED.hash,), None, "no place \ud800"), None, Placement.REFUSED, None),
    Step(1, 2, Proposal("edit", (SEED.hash,), Program("bad")), Evaluation.invalid("error: NameError"), Placement.INVALID, None),
    Step(1, 3, Proposal("edit", (SEED.hash,), CHILD), None, Placement.DUPLICATE, None),
    Step(2, 0, Proposal("edit", (CHILD.hash, SEED.hash), GRANDCHILD), Evaluation(0.5, (0.9, 0.9)), Placement.NEW, 9),
    Step(2, 1, Proposal("model", (CHILD.hash,), Program("poor"), answer="@@ poor"), Evaluation(0.1, (0.9, 0.9)), Placement.KEPT_OUT, 9),
]  # fmt: skip


def append(log: RunLog, steps: list[Step]) -> None:
    by_batch: dict[int, list[Step]] = {}
    for step in steps:
        by_batch.setdefault(step.batch, []).append(step)
    for batch in by_batch.values():
        replayable = {"edit": True, "model": False}
        log.append(batch, replayable=replayable, elapsed_s=1.5, parts_s={"map": 0.1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RunLog.create(tmp_path / "run", {"seed": 7, "config": {"a": [1, None]}}) as log:
        append(log, STEPS)
    return tmp_path / "run"


def test_what_is_appended_comes_back(folder: Path) -> None:
    with RunLog.open_read_only(folder) as log:
        steps = list(log.steps())
        assert log.manifest == {"seed": 7, "config": {"a": [1, None]}}
        assert [step.placement for step in steps] == [step.placement for step in STEPS]
        assert [step.number for step in steps] == list(range(7))
        for logged, step in zip(steps, STEPS, strict=True):
            program = step.proposal.program
            assert logged.program == (program.hash if program else None)
            assert logged.fitness == (step.evaluation.fitness if step.evaluation else None)
            assert logged.measures == (step.evaluation.measures if step.evaluation else ())
            assert (logged.batch, logged.index, logged.cell) == (step.batch, step.index, step.cell)
        assert steps[2].reason == "no place \\ud800"
        assert steps[3].reason == "error: NameError"
        assert steps[5].parents == (1, 0)


def test_texts_are_kept_where_nothing_could_reproduce_them(folder: Path) -> None:
    with RunLog.open_read_only(folder) as log:
        kept = dict(log.texts())
        assert sorted(kept) == [0, 1, 5, 6]
        assert kept[1].source == CHILD.source
        assert kept[1].note == "longer \\udcff"
        assert kept[6].answer == "@@ poor"
        assert log.text(3) is None


def test_views_are_folds(folder: Path) -> None:
    with RunLog.open_read_only(folder) as log:
        assert {cell: step.number for cell, step in champions(log.steps()).items()} == {3: 1, 9: 5}
        assert [elite.source for elite in elites(log)] == [CHILD.source, GRANDCHILD.source]
        assert [step.number for step in lineage(log, 5)] == [0, 1, 5]
        tally = tallies(log.steps())["edit"]
        assert tally.proposals == 5
        assert tally.by_reason == {"no place \\ud800": 1, "error: NameError": 1}
        assert tally.valid_share == pytest.approx(2 / 5)
        last = curve(log.steps(), 100, 7)[-1]
        assert (last.evaluations, last.cells, last.qd_score, last.best_fitness) == (7, 2, 2.5, 2.0)
        assert len(curve(log.steps(), 2, 7)) == 2
        assert source_of(log, 0) == SEED.source


def test_a_run_goes_on_where_it_ended(folder: Path) -> None:
    more = Step(3, 0, Proposal("edit", (GRANDCHILD.hash,), Program("more")), Evaluation(9.0, (0.9, 0.9)), Placement.IMPROVED, 9)  # fmt: skip
    with RunLog.open_for_append(folder) as log:
        append(log, [more])
    with RunLog.open_read_only(folder) as log:
        assert [step.parents for step in log.steps(7)] == [(5,)]


def test_a_second_writer_is_refused_in_this_and_in_another_process(folder: Path) -> None:
    with RunLog.open_for_append(folder):
        with pytest.raises(RunLockedError, match=f"process {os.getpid()}"):
            RunLog.open_for_append(folder)
        code = f"from ulmus.runs.log import RunLog; from pathlib import Path; RunLog.open_for_append(Path({str(folder)!r}))"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "RunLockedError" in other.stderr
        with RunLog.open_read_only(folder) as reader:
            assert len(list(reader.steps())) == 7
    RunLog.open_for_append(folder).close()


def damaged(folder: Path, damage: bytes | None, size: int | None = None) -> bytes:
    file = folder / FILE_NAME
    content = file.read_bytes()
    content = content[:size] if damage is None else damage
    file.write_bytes(content)
    return content


@pytest.mark.parametrize("keep", [0, 1, 99, 1000, 4096, 9000])
def test_a_truncated_file_is_refused_and_left_untouched(folder: Path, keep: int) -> None:
    content = damaged(folder, None, keep)
    for open_run in (RunLog.open_read_only, RunLog.open_for_append):
        with pytest.raises(RunFormatError, match="left untouched"):
            open_run(folder)
    assert (folder / FILE_NAME).read_bytes() == content


def test_a_damaged_page_is_found(folder: Path) -> None:
    content = bytearray((folder / FILE_NAME).read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 200] = b"\xff" * 200
    damaged(folder, bytes(content))
    with pytest.raises(RunFormatError, match="not a readable run"):
        RunLog.open_read_only(folder)
    assert (folder / FILE_NAME).read_bytes() == content


def test_foreign_files_are_refused(folder: Path, tmp_path: Path) -> None:
    damaged(folder, b"PNG" * 1000)
    with pytest.raises(RunFormatError, match="not an SQLite file"):
        RunLog.open_read_only(folder)
    (folder / FILE_NAME).unlink()
    other = sqlite3.connect(folder / FILE_NAME)
    other.execute("CREATE TABLE notes (text)")
    other.commit()
    other.close()
    before = (folder / FILE_NAME).read_bytes()
    for open_run in (RunLog.open_read_only, RunLog.open_for_append):
        with pytest.raises(RunFormatError, match="belongs to another program"):
            open_run(folder)
    assert (folder / FILE_NAME).read_bytes() == before


def test_a_newer_schema_is_refused_with_what_to_do(folder: Path) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(RunFormatError, match=r"schema 99.*update ulmus"):
        RunLog.open_for_append(folder)
    assert (folder / FILE_NAME).read_bytes() == before


def test_a_missing_run_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no run in"):
        RunLog.open_read_only(tmp_path / "nowhere")


def test_a_folder_with_something_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunWriteError, match=r"not empty.*thesis\.txt"):
        RunLog.create(tmp_path, {})
    assert (tmp_path / "thesis.txt").read_text() == "precious"
    with pytest.raises(RunWriteError, match="cannot write"):
        RunLog.create(tmp_path / "thesis.txt" / "run", {})


def test_a_full_disk_loses_nothing_that_was_committed(folder: Path) -> None:
    log = RunLog.open_for_append(folder)
    (pages,) = log._connection.execute("PRAGMA page_count").fetchone()
    log._connection.execute(f"PRAGMA max_page_count = {pages}")
    parent = GRANDCHILD.hash
    big = [
        Step(3, i, Proposal("model", (parent,), Program(f"{i}" * 500), answer=os.urandom(400).hex()), Evaluation(0.1, (0.9, 0.9)), Placement.KEPT_OUT, 9)
        for i in range(200)
    ]  # fmt: skip
    with pytest.raises(RunWriteError, match=r"full.*--resume"):
        append(log, big)
    log.close()
    with RunLog.open_for_append(folder) as again:
        assert len(list(again.steps())) == 7
        append(again, big[:1])
        assert again.num_steps == 8


def test_a_run_without_steps_can_be_discarded(tmp_path: Path, folder: Path) -> None:
    RunLog.create(tmp_path / "empty", {}).discard()
    assert not (tmp_path / "empty").exists()
    with RunLog.open_for_append(folder) as log, pytest.raises(RunWriteError, match="has steps"):
        log.discard()
