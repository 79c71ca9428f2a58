"""The private folder for compiled guests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ulmus.errors import SandboxUnavailableError
from ulmus.sandbox import cache

posix = os.name == "posix"


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path))
    assert cache.default_folder() == tmp_path
    monkeypatch.delenv(cache.ENVIRONMENT)
    assert cache.default_folder().parts[-2:] == ("ulmus", "sandbox")


def test_a_file_is_no_folder_for_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "file"))
    with pytest.raises(SandboxUnavailableError, match="names a folder"):
        cache.default_folder()


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = cache.open_folder(tmp_path / "a" / "b")
    assert folder is not None
    if posix:
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    if posix:
        with pytest.raises(SandboxUnavailableError, match="chmod 700"):
            cache.open_folder(folder)


def test_a_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1, raising=False)
    if posix:
        with pytest.raises(SandboxUnavailableError, match="belongs to user"):
            cache.open_folder(folder)


def test_no_place_to_write_means_no_cache(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert cache.open_folder(file / "below") is None


def test_a_file_appears_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "guest"
    assert cache.publish(b"one", target)
    assert cache.publish(bytearray(b"two"), target)
    assert target.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [target]


def test_the_oldest_files_go(tmp_path: Path) -> None:
    for age, name in enumerate(("d.old", "c.old", "b.old", "a.old", "x.new")):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    cache.prune(tmp_path, "*.old", keep=3)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.old", "c.old", "d.old", "x.new"]
    cache.prune(tmp_path, "*.old", keep=3)
    cache.prune(tmp_path / "missing", "*", keep=1)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_refusing_disk_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not cache.publish(b"x", tmp_path / "guest")
    assert list(tmp_path.iterdir()) == []
    assert not cache.publish(b"x", tmp_path / "missing" / "guest")
