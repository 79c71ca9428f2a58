"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ulmus.errors import RunWriteError
from ulmus.viewer.publish import publish


def test_a_disk_that_refuses_leaves_the_older_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish(b"old", tmp_path / "new" / "page.html", "report")

    def refuse(descriptor: int, mode: str) -> None:
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", refuse)
    with pytest.raises(RunWriteError, match=r"cannot write the report .*No space left on device"):
        publish(b"new", file, "report")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in file.parent.iterdir()] == ["page.html"]


def test_links_modes_and_pipes_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    publish(b"new", tmp_path / "link", "report")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    publish(b"new", tmp_path / "fresh", "report")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "fresh").stat().st_mode == (tmp_path / "other").stat().st_mode
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    publish(b"new", tmp_path / "pipe", "report")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
