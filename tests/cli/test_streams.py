"""Standard streams that are full, closed, gone, or cannot say what is printed; and odd files."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOYS = Path(__file__).parents[1] / "support" / "toys.py"
ULMUS = [sys.executable, "-m", "ulmus.cli.main"]
TOY_RUN = [
    *ULMUS, "run", f"{TOYS}:ToyProblem", "--operators", f"{TOYS}:ToyOperator",
    "--workers", "0",
]  # fmt: skip
QUICK = ["--sandbox", f"{TOYS}:ToySandbox", "--evaluations", "30"]
RUDE = r"""
print("caf\u00e9 \x1b[31mred\x1b[0m \x00")
def make_walker():
    raise ValueError("\x1b[2J")
"""


def shell(
    command: list[str], redirect: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"{shlex.join(map(str, command))} {redirect}",
        shell=True, capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams") / "run"
    subprocess.run([*TOY_RUN, *QUICK, "--out", str(folder)], check=True, capture_output=True)
    return folder


def test_a_program_cannot_write_to_the_terminal_what_it_likes(tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text(RUDE)
    for command in ("exec", "simulate"):
        done = subprocess.run([*ULMUS, command, str(tmp_path / "rude.py")], capture_output=True)
        assert done.returncode == 1
        assert b"\x1b" not in done.stdout
        assert b"\\x1b[2J" in done.stdout
        assert b"\0" not in done.stdout


def test_json_says_what_a_failing_program_printed(tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text(RUDE)
    done = shell([*ULMUS, "exec", str(tmp_path / "rude.py"), "--json"], "")
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert set(outcome) == {"status", "value", "error", "stdout", "fuel", "entry"}
    assert outcome["status"] == "error"
    assert outcome["stdout"] == "café \x1b[31mred\x1b[0m \x00\n"
    assert outcome["error"].startswith("ValueError: \x1b[2J")


def test_what_an_encoding_cannot_say_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text(RUDE)
    done = shell([*ULMUS, "exec", str(tmp_path / "rude.py")], "", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("caf\\xe9 ")


@pytest.mark.parametrize("command", ["elites", "show", "verify --workers 0"])
def test_a_full_standard_output_is_named(finished: Path, command: str) -> None:
    done = shell([*ULMUS, *command.split(), str(finished)], "> /dev/full")
    assert done.returncode == 2
    assert done.stderr == "ulmus: [Errno 28] No space left on device\n"


def test_a_reader_that_went_away_is_no_error_message(finished: Path) -> None:
    process = subprocess.Popen(
        [*ULMUS, "elites", str(finished), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) != 0


@pytest.mark.parametrize("redirect", ["2> /dev/full", "2>&-"])
def test_a_run_goes_on_when_nobody_can_read_its_progress(tmp_path: Path, redirect: str) -> None:
    done = shell([*TOY_RUN, *QUICK, "--json", "--out", str(tmp_path / "run")], redirect)
    assert json.loads(done.stdout)["evaluations"] == 30


def test_a_second_ctrl_c_gives_the_cursor_back(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    slow = ["--sandbox", f"{TOYS}:SlowToySandbox", "--batch-size", "5000", "--minutes", "5"]
    process = subprocess.Popen(
        [*TOY_RUN, *slow, "--out", str(tmp_path / "run")],
        stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    while b"\x1b[?25l" not in written:
        written += os.read(ours, 4096)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    while b"press Ctrl-C again" not in written:
        written += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    while b"\x1b[?25h" not in written:
        written += os.read(ours, 4096)
    os.close(ours)


def test_a_file_without_end_is_too_large() -> None:
    done = shell([*ULMUS, "exec", "/dev/zero"], "")
    assert (done.returncode, done.stderr) == (2, "ulmus: /dev/zero is larger than 8 MiB\n")


def test_programs_from_windows_run(tmp_path: Path) -> None:
    (tmp_path / "w.py").write_bytes(
        b"\xef\xbb\xbfdef make_walker():\r\n    return '''a\r\nb'''\r\n"
    )
    done = shell([*ULMUS, "exec", str(tmp_path / "w.py"), "--json"], "")
    assert json.loads(done.stdout)["value"] == "a\nb"


def test_a_walker_in_json_is_known_by_its_ending_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "WALKER.JSON").write_text("[]")
    done = shell([*ULMUS, "simulate", str(tmp_path / "WALKER.JSON")], "")
    assert done.stdout == "status invalid: walker: not a dict\n"
