"""A run that is stopped anywhere, in any way, and resumed finds the very same elites."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOYS = Path(__file__).parents[1] / "support" / "toys.py"
COMMAND = [sys.executable, "-m", "ulmus.cli.main"]
EVALUATIONS = 1500


def run_command(folder: Path, *more: str, resume: bool = False, slow: bool = False) -> list[str]:
    sandbox = f"{TOYS}:SlowToySandbox" if slow else f"{TOYS}:ToySandbox"
    where = ["--resume" if resume else "--out", str(folder)]
    return [
        *COMMAND, "run", f"{TOYS}:ToyProblem", "--operators", f"{TOYS}:ToyOperator=1",
        "--sandbox", sandbox, "--seed", "5", "--batch-size", "16", "--json", *where, *more,
    ]  # fmt: skip


def finish(command: list[str]) -> dict[str, object]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def elites(folder: Path) -> str:
    command = [*COMMAND, "elites", str(folder), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("reference") / "run"
    result = finish(run_command(folder, "--evaluations", str(EVALUATIONS), "--workers", "1"))
    assert result["evaluations"] == EVALUATIONS
    assert result["cells"] > 50
    return elites(folder)


@pytest.mark.parametrize("workers", [0, 2, 4])
def test_the_number_of_workers_changes_nothing(
    reference: str, tmp_path: Path, workers: int
) -> None:
    finish(
        run_command(tmp_path / "run", "--evaluations", str(EVALUATIONS), "--workers", str(workers))
    )
    assert elites(tmp_path / "run") == reference


def test_a_larger_budget_later_equals_a_larger_budget_at_once(
    reference: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    finish(run_command(folder, "--evaluations", "407", "--workers", "0"))
    for budget in (408, 650, EVALUATIONS):
        result = finish(
            run_command(folder, "--evaluations", str(budget), "--workers", "0", resume=True)
        )
        assert result["evaluations"] == budget
    assert elites(folder) == reference


def live_workers(marker: str) -> list[int]:
    """Return the processes whose environment holds the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if marker.encode() in environment and state != "Z":
                found.append(int(entry.name))
    return found


def is_worker(pid: int) -> bool:
    """Tell workers from Python's own resource tracker, whose death only makes it complain."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_until_gone(marker: str, timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while live_workers(marker):
        assert time.monotonic() < end, f"orphans: {live_workers(marker)}"
        time.sleep(0.05)


def start(command: list[str], marker: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "ULMUS_TEST_MARKER": marker}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


STILLBORN = re.compile(
    r"Traceback \(most recent call last\):\n(?:  .*\n)*?  .*spawn\.py.*in spawn_main\n"
    r"(?:  .*\n)*EOFError: .*\n"
)
"""What Python says in a process whose parent was killed before it told it what to do."""


def test_a_worker_whose_parent_was_killed_at_its_birth_is_no_bug_of_ours() -> None:
    code = "from multiprocessing import spawn; spawn.spawn_main(pipe_handle={})"
    read, write = os.pipe()
    os.close(write)
    child = subprocess.run(
        [sys.executable, "-c", code.format(read), "--multiprocessing-fork"],
        pass_fds=[read], capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(read)
    assert child.stderr.startswith("Traceback")
    assert STILLBORN.sub("", child.stderr) == ""


def kill_at_a_random_moment(
    process: subprocess.Popen[str], marker: str, whom: str, rng: random.Random
) -> None:
    def workers() -> list[int]:
        return [pid for pid in live_workers(marker) if pid != process.pid and is_worker(pid)]

    while whom == "worker" and not workers() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(rng.uniform(0.2, 2.5))
    family, others = live_workers(marker), workers()
    victims = {
        "run": [process.pid],
        "worker": rng.sample(others, min(1, len(others))),
        "all": family,
    }
    for pid in victims[whom]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def num_committed(folder: Path) -> int:
    from ulmus.errors import RunFormatError, RunNotFoundError
    from ulmus.runs.log import RunLog

    try:
        with RunLog.open_read_only(folder) as log:
            return sum(1 for _ in log.steps())
    except (RunNotFoundError, RunFormatError):
        return -1


def survive_kills(tmp_path: Path, reference: str, kills: list[str], seed: int) -> None:
    folder, rng, committed = tmp_path / "run", random.Random(seed), -1
    budget = ["--evaluations", str(EVALUATIONS), "--workers", "2"]
    for number, whom in enumerate(kills):
        marker = f"kill-{os.getpid()}-{seed}-{number}"
        process = start(run_command(folder, *budget, resume=committed >= 0, slow=True), marker)
        kill_at_a_random_moment(process, marker, whom, rng)
        if whom == "worker":
            process.send_signal(signal.SIGINT)  # the run itself must have lived on
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in STILLBORN.sub("", errors), errors
        wait_until_gone(marker)
        assert num_committed(folder) >= committed
        committed = num_committed(folder)
        if committed < 0 and folder.exists():
            for file in folder.iterdir():
                file.unlink()
    finish(run_command(folder, *budget, resume=committed >= 0, slow=True))
    assert elites(folder) == reference


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds orphans by /proc")
def test_a_killed_run_goes_on_without_orphans_or_loss(reference: str, tmp_path: Path) -> None:
    survive_kills(tmp_path, reference, ["run", "worker", "all"], seed=1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds orphans by /proc")
def test_twenty_kills_at_random_moments(reference: str, tmp_path: Path) -> None:
    survive_kills(tmp_path, reference, ["run", "worker", "all", "run"] * 5, seed=2)


def test_ctrl_c_once_ends_after_the_batch_and_leaves_a_readable_run(
    reference: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    marker = f"ctrl-c-{os.getpid()}"
    budget = ["--evaluations", str(EVALUATIONS), "--workers", "2"]
    process = start(run_command(folder, *budget, slow=True), marker)
    while num_committed(folder) < 40:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "press Ctrl-C again" in errors
    result = json.loads(output.splitlines()[-1])
    assert 40 <= result["evaluations"] < EVALUATIONS
    assert num_committed(folder) == result["evaluations"]
    wait_until_gone(marker)
    finish(run_command(folder, *budget, resume=True, slow=True))
    assert elites(folder) == reference


def test_ctrl_c_twice_ends_at_once(tmp_path: Path) -> None:
    folder, marker = tmp_path / "run", f"ctrl-c-c-{os.getpid()}"
    process = start(run_command(folder, "--minutes", "5", "--workers", "2", slow=True), marker)
    while num_committed(folder) < 20:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode in (0, 130)
    wait_until_gone(marker)
    assert num_committed(folder) >= 20


def test_a_resume_that_would_change_the_run_is_refused(reference: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finish(run_command(folder, "--evaluations", "50", "--workers", "0"))
    command = run_command(folder, "--evaluations", "90", "--workers", "0", resume=True)
    command[command.index("5")] = "6"
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "seed: the run has 5, now 6" in refused.stderr
    assert num_committed(folder) == 50


def test_what_is_not_given_at_a_resume_is_taken_from_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finish(run_command(folder, "--evaluations", "50", "--workers", "0"))
    result = finish([*COMMAND, "run", "--resume", str(folder), "--evaluations", "70", "--json"])
    assert (result["evaluations"], result["seed"]) == (70, 5)


def test_operators_keep_their_order_over_a_resume(tmp_path: Path) -> None:
    mixture = ["--operators", f"{TOYS}:ToyOperator=0.8,{TOYS}:FarToyOperator=0.2", "--workers", "0"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    finish([*run_command(whole, "--evaluations", "300"), *mixture])
    finish([*run_command(parts, "--evaluations", "100"), *mixture])
    resumed = [*COMMAND, "run", "--resume", str(parts), "--evaluations", "300", "--json"]
    assert finish(resumed)["evaluations"] == 300
    assert elites(parts) == elites(whole)


def test_a_disk_that_fills_up_ends_the_run_and_loses_no_committed_step(
    reference: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    budget = ["--evaluations", str(EVALUATIONS), "--workers", "0"]
    limit = (200_000, 200_000)
    full = subprocess.run(
        run_command(folder, *budget), capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert full.returncode == 2
    assert full.stdout == ""
    assert "cannot write to" in full.stderr
    assert "make room and go on with --resume" in full.stderr
    assert 40 < num_committed(folder) < EVALUATIONS
    finish(run_command(folder, *budget, resume=True))
    assert elites(folder) == reference


def test_a_budget_given_at_a_resume_replaces_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finish(run_command(folder, "--minutes", "0.000001", "--workers", "0"))
    resumed = [*COMMAND, "run", "--resume", str(folder), "--json"]
    spent = subprocess.run(resumed, capture_output=True, text=True)
    assert spent.returncode == 0
    assert "nothing to do: this run has had" in spent.stderr
    assert finish([*resumed, "--evaluations", "300"])["evaluations"] == 300


def test_a_run_of_another_version_is_refused_for_that_reason(tmp_path: Path) -> None:
    from ulmus.runs.log import RunLog

    folder = tmp_path / "run"
    finish(run_command(folder, "--evaluations", "50", "--workers", "0"))
    with RunLog.open_for_append(folder) as log:
        identity = log.manifest["identity"]
        assert isinstance(identity, dict)
        log.set_manifest({"identity": {**identity, "problem": "toy/0"}})
    resumed = [*COMMAND, "run", "--resume", str(folder), "--evaluations", "70"]
    refused = subprocess.run(resumed, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "problem: the run has 'toy/0', now 'toy/1" in refused.stderr
    assert "another version of ulmus" in refused.stderr
    verified = subprocess.run(
        [*COMMAND, "verify", str(folder), "--workers", "0"], capture_output=True, text=True
    )
    assert "note: problem was toy/0" in verified.stderr


def test_runs_that_start_in_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    command = run_command(tmp_path, "--evaluations", "20", "--workers", "0")
    del command[command.index("--out") : command.index("--out") + 2]
    crowd = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    folders = {json.loads(process.communicate(timeout=60)[0])["run"] for process in crowd}
    assert len(folders) == len(crowd)
    assert all(num_committed(tmp_path / folder) == 20 for folder in folders)


def test_a_run_that_is_being_written_is_refused_to_others(tmp_path: Path) -> None:
    folder, marker = tmp_path / "run", f"locked-{os.getpid()}"
    process = start(run_command(folder, "--minutes", "5", "--workers", "1", slow=True), marker)
    while num_committed(folder) < 1:
        time.sleep(0.02)
    other = subprocess.run(run_command(folder, resume=True), capture_output=True, text=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert other.returncode == 2
    assert f"is being written by process {process.pid}" in other.stderr
