"""What a study has drawn outlives it: stopped, killed, gone on with, and broken files."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from ulmus.errors import DataFormatError
from ulmus.models.scripted import ScriptedModel
from ulmus.operators.rewrite import Rewrite
from ulmus.records import Program, Proposal
from ulmus.study import repair
from ulmus.study.drawn import NAME, Drawn, key_of

PROPOSALS = [
    Proposal("diff", ("ab",), Program("x = 'ü\ud800'\n"), None, "Fixed.", "@@ 1\nx\n"),
    Proposal("diff", ("ab", "cd"), None, "is no edit", "", None),
]


def fill(drawn, numbers):
    """Ask for numbers; return what came, and what had to be drawn for it."""
    asked = []

    def draw(missing):
        asked.extend(missing)
        return [PROPOSALS[number % 2] for number in missing]

    return drawn.fill(numbers, lambda number: key_of("k", number), draw), asked


def test_samples_are_drawn_once_and_come_back_as_they_were(tmp_path) -> None:
    file = tmp_path / NAME
    first, asked = fill(Drawn(file), [0, 1, 2])
    assert (first, asked) == ([PROPOSALS[0], PROPOSALS[1], PROPOSALS[0]], [0, 1, 2])
    again, asked = fill(Drawn(file), [3, 1, 0])
    assert (again, asked) == ([PROPOSALS[1], PROPOSALS[1], PROPOSALS[0]], [3])
    assert len(Drawn(file)) == 4


def test_a_last_line_that_was_cut_off_is_drawn_again(tmp_path) -> None:
    file = tmp_path / NAME
    fill(Drawn(file), [0, 1, 2])
    whole = file.read_bytes()
    for length in (len(whole) - 1, len(whole) - 40):
        file.write_bytes(whole[:length])
        assert fill(Drawn(file), [0, 1, 2])[1] == [2]
        assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"key": "a"}', '{"key": "a", "proposal": {}}', "\xff"]
)
def test_a_file_that_holds_something_else_is_named(tmp_path, line) -> None:
    file = tmp_path / NAME
    fill(Drawn(file), [0])
    with file.open("a", encoding="latin-1") as stream:
        stream.write(line + "\n")
    with pytest.raises(DataFormatError, match=r"drawn.jsonl, line 2: expected a sample"):
        Drawn(file)


def test_what_a_sample_depends_on_tells_it_apart(tmp_path) -> None:
    (problem,) = repair.plan(["parity"], [1])
    calls = []

    def answer(prompt):
        calls.append(prompt.seed)
        return "def parity(b1, b2, b3, b4):\n    return 0\n"

    def study(name="toy", **changed):
        calls.clear()
        operator = Rewrite(ScriptedModel(answer, name))
        given = {"num_samples": 5, "seed": 1, "drawn": Drawn(tmp_path / NAME), **changed}
        (cell,) = repair.study(operator, [problem], **given)
        return cell, len(calls)

    first, drawn = study()
    assert drawn == 5
    again, drawn = study()
    assert (again, drawn) == (first, 0)
    assert study(num_samples=8)[1] == 3
    assert study(seed=2)[1] == 5
    assert study("other")[1] == 5
    assert study()[0] == first


def command(out, *more):
    return [sys.executable, "-m", "ulmus", "study", "repair", "--operator", "node", "--tasks", "parity",
            "-n", "400", "--seed", "3", "--workers", "0", "--out", str(out), "--json", *more]  # fmt: skip


def test_a_killed_study_goes_on_to_the_same_end(tmp_path) -> None:
    file = tmp_path / "a" / NAME
    with subprocess.Popen(command(tmp_path / "a"), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (file.is_file() and file.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    killed = len(Drawn(file))
    assert 0 < killed < 1_600
    done = subprocess.run(command(tmp_path / "a", "--resume"), capture_output=True, text=True)
    assert f"{killed:,} samples are drawn already" in done.stderr
    straight = subprocess.run(command(tmp_path / "b"), capture_output=True, text=True)
    assert json.loads(done.stdout) == json.loads(straight.stdout)
    names = ["children.jsonl", NAME, "study.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume"], "--resume goes on in the folder of --out, which is missing"),
        (["--resume", "--out", "none"], "none holds no study that was stopped"),
        (["--out", "there"], "there exists already; give the name of a new folder, or --resume"),
        (["--resume", "--out", "there"], "there holds no study that was stopped (drawn.jsonl is"),
    ],
)
def test_wrong_folders_are_told_before_the_work(tmp_path, options, said) -> None:
    (tmp_path / "there").mkdir()
    asked = [sys.executable, "-m", "ulmus", "study", "repair", "--operator", "node", "-n", "5"]
    done = subprocess.run([*asked, *options], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_study_that_is_resumed_from_an_empty_file_and_fails_says_why(tmp_path) -> None:
    out = tmp_path / "s"
    out.mkdir()
    (out / NAME).write_bytes(b'{"key": "cut off')
    asked = [sys.executable, "-m", "ulmus", "study", "repair", "--operator", "node", "-n", "5"]
    told = [*asked, "--rate", "7", "--out", str(out), "--resume"]
    done = subprocess.run(told, capture_output=True, text=True)
    assert done.returncode == 2
    assert "rate" in done.stderr
    assert "Traceback" not in done.stderr
