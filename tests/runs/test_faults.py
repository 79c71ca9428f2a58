"""What machines do to the file of a run: full disks, kills, read-only folders, flipped bytes."""

from __future__ import annotations

import contextlib
import ctypes
import random
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ulmus.errors import RunFormatError, RunNotFoundError, RunWriteError
from ulmus.records import Evaluation, Placement, Program, Proposal, Step
from ulmus.runs import file as run_file
from ulmus.runs.file import FILE_NAME, NEW_NAME
from ulmus.runs.folder import new_folder
from ulmus.runs.log import RunLog
from ulmus.runs.views import elites

NUM_STEPS = 40


def append(log: RunLog, numbers: range) -> None:
    for number in numbers:
        program = Program(f"program {number} " + "".join(map(str, range(number * 50))))
        proposal = Proposal("edit", (), program, note="a note")
        step = Step(number, 0, proposal, Evaluation(1.0 + number, (0.5,)), Placement.NEW, number)
        log.append([step], replayable={"edit": True}, elapsed_s=1.0, parts_s={"map": 0.1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RunLog.create(tmp_path / "run", {"seed": 7}) as log:
        append(log, range(NUM_STEPS))
    return tmp_path / "run"


def read_all(folder: Path) -> int:
    with RunLog.open_read_only(folder) as log:
        assert isinstance(log.manifest, dict)
        assert len(list(log.clocks())) >= 0
        assert len(list(log.texts())) >= len(elites(log))
        return sum(1 for _ in log.steps())


def in_another_process(code: str, prepare: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    header = "from pathlib import Path; from ulmus.runs.log import RunLog\n"
    return subprocess.run(
        [sys.executable, "-c", header + code], capture_output=True, text=True, preexec_fn=prepare
    )


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def give_up_overriding_modes() -> None:
    """Let modes of files count for root too (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    if sys.platform == "linux":
        for capability in (1, 2):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_a_run_survives_a_checkpoint_that_was_cut_off(folder: Path, tmp_path: Path) -> None:
    """A kill or a full disk may leave a file shorter than its head says, and the rest in the log."""
    killed = tmp_path / "killed"
    with RunLog.open_for_append(folder) as log:
        append(log, range(NUM_STEPS, 2 * NUM_STEPS))
        shutil.copytree(folder, killed)
    head = (folder / FILE_NAME).read_bytes()[:4096]
    content = head + (killed / FILE_NAME).read_bytes()[4096:]
    assert len(content) < int.from_bytes(head[28:32], "big") * 4096
    (killed / FILE_NAME).write_bytes(content)
    assert read_all(killed) == 2 * NUM_STEPS
    with RunLog.open_for_append(killed) as log:
        append(log, range(2 * NUM_STEPS, 2 * NUM_STEPS + 1))
    assert read_all(killed) == 2 * NUM_STEPS + 1


def test_a_run_in_a_folder_that_may_not_be_written_can_be_read(folder: Path) -> None:
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    code = (
        f"folder = Path({str(folder)!r})\n"
        "assert not __import__('os').access(folder, 2)\n"
        "with RunLog.open_read_only(folder) as log: print(len(list(log.steps())))\n"
    )
    try:
        done = in_another_process(code, give_up_overriding_modes)
    finally:
        folder.chmod(stat.S_IRWXU)
    assert (done.stdout.strip(), done.stderr) == (str(NUM_STEPS), "")


def test_a_run_that_finds_no_room_to_start_leaves_nothing(tmp_path: Path) -> None:
    code = f"RunLog.create(Path({str(tmp_path / 'run')!r}), {{'seed': 7}})"
    done = in_another_process(code, limit_file_size)
    assert "RunWriteError: cannot start a run in" in done.stderr
    assert "make room" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_start_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    for name in (NEW_NAME, f"{NEW_NAME}-journal", f"{NEW_NAME}-wal"):
        (tmp_path / name).write_bytes(b"half a run")
    (tmp_path / "lock").write_text("12345\n")
    with pytest.raises(RunNotFoundError, match="there is no run"):
        RunLog.open_for_append(tmp_path)
    RunLog.create(tmp_path, {"seed": 7}).close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lock", FILE_NAME]


def test_a_run_is_in_wal_mode_before_it_has_its_name(tmp_path: Path) -> None:
    run_file.create(tmp_path, {"seed": 7})
    head = (tmp_path / FILE_NAME).read_bytes()[18:20]
    assert head == b"\2\2"  # a switch later could be killed, and then nobody could read the run
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_folders_made_in_the_same_second_differ(tmp_path: Path) -> None:
    made = [new_folder(tmp_path / "runs", "toy-seed0") for _ in range(5)]
    assert len(set(made)) == 5
    assert all(folder.is_dir() for folder in made)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunWriteError, match="choose another one with --out"):
        new_folder(tmp_path / "file", "toy")


def test_the_file_of_a_run_is_no_folder(folder: Path) -> None:
    with pytest.raises(RunNotFoundError, match="is a file; give the folder"):
        RunLog.open_read_only(folder / FILE_NAME)


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_named_or_does_no_harm(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    content = bytearray((folder / FILE_NAME).read_bytes())
    for _ in range(rng.choice([1, 5, 50])):
        content[rng.randrange(len(content))] = rng.randrange(256)
    (folder / FILE_NAME).write_bytes(content)
    with contextlib.suppress(RunFormatError):
        assert read_all(folder) <= NUM_STEPS
    assert (folder / FILE_NAME).read_bytes() == content


def test_a_row_that_makes_no_sense_is_damage(folder: Path) -> None:
    for change in ("UPDATE texts SET source = x'00'", "UPDATE steps SET operator = 99"):
        connection = sqlite3.connect(folder / FILE_NAME)
        with connection:
            connection.execute(change)
        connection.close()
        with pytest.raises(RunFormatError, match="a row makes no sense"):
            read_all(folder)
