"""What numba compiles is kept, and a cache that cannot be used costs a compilation only."""

from __future__ import annotations

from pathlib import Path

import pytest

from ulmus import machine_code
from ulmus.machine_code import cache_folder, is_writable


def doubled(number: int) -> int:
    """Return twice the number."""
    return 2 * number


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ULMUS_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_machine_code_is_kept_and_used_again(cache: Path) -> None:
    assert machine_code.kept(Path(__file__))(doubled)(21) == 42
    (file,) = cache.rglob("*.nbc")
    written = file.stat().st_mtime_ns
    assert machine_code.kept(Path(__file__))(doubled)(4) == 8
    assert file.stat().st_mtime_ns == written


def test_a_damaged_cache_is_emptied_and_filled_again(cache: Path) -> None:
    machine_code.kept(Path(__file__))(doubled)(21)
    (index,) = cache.rglob("*.nbi")
    whole = index.read_bytes()
    index.write_bytes(whole[: len(whole) // 2])
    function = machine_code.kept(Path(__file__))(doubled)
    assert function(4) == 8
    assert not index.exists()
    assert function(5) == 10
    assert machine_code.kept(Path(__file__))(doubled)(6) == 12
    assert index.exists()


def test_a_disk_that_is_full_costs_a_compilation_only(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = machine_code.compiled

    def full(function, folder=None):
        def refuse(*arguments):
            raise OSError(28, "No space left on device")

        return refuse if folder else compiled(function)

    monkeypatch.setattr(machine_code, "compiled", full)
    function = machine_code.kept(Path(__file__))(doubled)
    assert [function(2), function(3)] == [4, 6]


def test_a_folder_that_cannot_be_made_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert not is_writable(blocked / "numba")
    assert is_writable(tmp_path / "new" / "numba")
    monkeypatch.setenv("ULMUS_CACHE_DIR", str(blocked))
    assert machine_code.kept(Path(__file__))(doubled)(2) == 4


def test_the_folder_is_where_the_user_wants_it_and_another_for_other_sources(
    cache: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.py"
    source.write_text("x = 1")
    first = cache_folder([source])
    assert first.parent == cache / "numba"
    source.write_text("x = 2")
    assert cache_folder([source]) != first
