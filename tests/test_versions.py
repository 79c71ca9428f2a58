"""What a run remembers of the code that made it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ulmus.versions import commit_of, versions


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True, env=clean).stdout


def test_a_working_copy_has_a_commit_and_says_if_files_differ_from_it(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag does not hide the commit")
    head = git(tmp_path, "rev-parse", "HEAD").strip()
    assert commit_of(tmp_path) == head[:12]
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{head[:12]}-dirty"


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    assert commit_of(tmp_path) is None  # git says that this is no repository
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(tmp_path) is None


def test_versions_name_what_may_move_a_result() -> None:
    assert {"ulmus", "python", "system", "numpy", "numba", "llvmlite", "wasmtime"} <= {*versions()}
