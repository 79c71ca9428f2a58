"""`ulmus run sodarace` with a seed program that cannot be one: a message, exit status 2, no folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ulmus.cli.main import main

BODY = "def make_walker():\n    "
JOINTS = "return {'joints': [[float(i), 0.0] for i in range(10**6)], 'muscles': []}"
DEEP = "value = []\n    for _ in range(10**6):\n        value = [value]\n    return value"

FAULTS = {
    "does_not_parse": ("def make_walker(:", "error: SyntaxError"),
    "empty": ("", "error: no entry"),
    "loops_for_ever": (BODY + "while True: pass", "timeout"),
    "loops_before_it_is_called": ("while True: pass", "timeout"),
    "returns_nothing": (BODY + "pass", "walker: nothing returned"),
    "returns_nan": (BODY + "return {'joints': [[float('nan'), 0.0]], 'muscles': []}", "output"),
    "a_million_joints": (BODY + JOINTS, "timeout"),
    "a_million_deep": (BODY + DEEP, "timeout"),
    "takes_all_memory": (BODY + "return bytearray(10**9)", "(memory)"),
    "raises": (BODY + "raise KeyError('x')", "error: KeyError"),
    "no_walker": (BODY + "return [1, 2]", "walker: not a dict"),
    "too_wide": (
        BODY + "return {'joints': [[0, 0], [90, 0]], 'muscles': [[0, 1, {'type': 'distance'}]]}",
        "wider than",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seed_program_that_cannot_be_one_is_explained(
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, reason = FAULTS[fault]
    (tmp_path / "seed.py").write_text(source)
    arguments = ["--seed-program", str(tmp_path / "seed.py"), "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["ulmus", "run", *arguments, "--workers", "0", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.out == ""
    assert "none of the seed programs is valid (" in printed.err
    assert reason in printed.err
    assert "`ulmus simulate FILE`" in printed.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        (b"#" * 300_000, "is larger than 256 KiB"),
        (None, "Is a directory"),
    ],
)
def test_a_seed_file_that_cannot_be_read_is_explained(
    content: bytes | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "seed.py"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ulmus", "run", "--seed-program", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
