"""What is there is reused, what changed is made anew with all that reads it, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ulmus.errors import ConfigError, RunLockedError
from ulmus.pipeline import loop
from ulmus.pipeline.keeping import Record, read_record
from ulmus.pipeline.making import Work
from ulmus.pipeline.presets import Preset, preset_named
from ulmus.pipeline.stages import Task
from ulmus.runs.lock import FolderLock

TINY = preset_named("tiny", {})


class Toy:
    """A pipeline of three tasks: b reads a, c reads nothing; notes what is made."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.said: list[str] = []
        self.settings = {"a": 1, "b": 1, "c": 1}
        self.ends: dict[str, BaseException | None] = {}
        self.figures = {"a": 10, "b": 20, "c": 30}

    def tasks(self, preset: Preset, until: str = "report") -> tuple[Task, ...]:
        def task(name: str, inputs: tuple[str, ...] = ()) -> Task:
            return Task("runs", f"x/{name}", {"number": self.settings[name]}, inputs, self.make)

        return task("a"), task("b", ("x/a",)), task("c")

    def make(
        self, work: Work, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path]
    ) -> dict[str, Any] | None:
        assert all((place / "content").exists() for place in inputs)
        self.made.append(folder.name)
        folder.mkdir(exist_ok=True)
        if folder.name in self.ends:
            (folder / "half").touch()
            error = self.ends.pop(folder.name)
            if error is None:
                return None
            raise error
        (folder / "content").write_text(str(settings["number"]))
        return {"figure": self.figures[folder.name]}

    def go(self, out: Path, name: str = "tiny") -> dict[str, Record]:
        self.made.clear()
        self.said.clear()
        return loop.follow(name, TINY, out, Work(0, say=self.said.append))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    toy = Toy()
    monkeypatch.setattr(loop, "tasks_of", toy.tasks)
    monkeypatch.setattr(loop, "check", lambda preset, tasks: None)
    return toy


def test_a_second_call_does_nothing(toy: Toy, tmp_path: Path) -> None:
    first = toy.go(tmp_path / "p")
    assert toy.made == ["a", "b", "c"]
    assert toy.go(tmp_path / "p") == first
    assert toy.made == []
    assert toy.said == [f"x/{name}: there already" for name in "abc"]


def test_a_changed_setting_makes_anew_what_depends_on_it_and_keeps_the_old(
    toy: Toy, tmp_path: Path
) -> None:
    toy.go(tmp_path)
    toy.settings["a"], toy.figures["a"] = 2, 11
    toy.go(tmp_path)
    assert toy.made == ["a", "b"]
    assert "x/a: begins anew (number 1 -> 2); what was there is kept as a.old-1" in toy.said
    assert "x/b: begins anew (x/a changed); what was there is kept as b.old-1" in toy.said
    assert (tmp_path / "x/a/content").read_text() == "2"
    assert (tmp_path / "x/a.old-1/content").read_text() == "1"
    old = read_record(tmp_path / "x/a.old-1")
    assert old is not None
    assert old.figures == {"figure": 10}
    toy.settings["a"] = 3
    toy.go(tmp_path)
    assert (tmp_path / "x/a.old-2/content").read_text() == "2"


def test_a_new_version_makes_all_anew(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.go(tmp_path)
    monkeypatch.setattr("ulmus.__version__", "99.0")
    toy.go(tmp_path)
    assert toy.made == ["a", "b", "c"]
    assert any("-> 99.0" in line for line in toy.said)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), MemoryError(), None])
def test_what_was_interrupted_goes_on_where_it_was(
    toy: Toy, tmp_path: Path, end: BaseException | None
) -> None:
    toy.ends["b"] = end
    if end is None:
        records = toy.go(tmp_path)
        assert list(records) == ["x/a", "x/b"]
        assert not records["x/b"].done
    else:
        with pytest.raises(type(end)):
            toy.go(tmp_path)
    records = toy.go(tmp_path)
    assert toy.made == ["b", "c"]
    assert "x/b: going on" in toy.said
    assert (tmp_path / "x/b/half").exists()
    assert not (tmp_path / "x/b.old-1").exists()
    assert all(record.done for record in records.values())


def test_an_interrupted_task_whose_settings_change_is_kept_too(toy: Toy, tmp_path: Path) -> None:
    toy.ends["b"] = None
    toy.go(tmp_path)
    toy.settings["b"] = 2
    toy.go(tmp_path)
    assert toy.made == ["b", "c"]
    assert (tmp_path / "x/b.old-1/half").exists()
    assert not (tmp_path / "x/b/half").exists()


def test_a_folder_that_is_gone_is_made_again_and_the_rest_only_if_it_differs(
    toy: Toy, tmp_path: Path
) -> None:
    def remove_a() -> None:
        (tmp_path / "x/a/content").unlink()
        (tmp_path / "x/a").rmdir()

    toy.go(tmp_path)
    remove_a()
    toy.go(tmp_path)
    assert toy.made == ["a"]
    remove_a()
    toy.figures["a"] = 12
    toy.go(tmp_path)
    assert toy.made == ["a", "b"]


def test_a_folder_of_somebody_else_within_is_set_aside(toy: Toy, tmp_path: Path) -> None:
    toy.ends["a"] = None
    toy.go(tmp_path)
    (tmp_path / "x/c").mkdir()
    (tmp_path / "x/c/precious").touch()
    toy.go(tmp_path)
    assert (tmp_path / "x/c.old-1/precious").exists()


def test_other_folders_are_refused(toy: Toy, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter").touch()
    with pytest.raises(ConfigError, match="not empty and no pipeline"):
        toy.go(foreign)
    toy.go(tmp_path / "p")
    with pytest.raises(ConfigError, match="preset tiny"):
        toy.go(tmp_path / "p", "laptop")
    (tmp_path / "p/pipeline.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        toy.go(tmp_path / "p")
    (tmp_path / "p/pipeline.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(ConfigError, match="no pipeline"):
        toy.go(tmp_path / "p")
    assert toy.made == []


def test_a_damaged_record_is_named(toy: Toy, tmp_path: Path) -> None:
    toy.go(tmp_path)
    (tmp_path / "x/b.json").write_text('{"stage": 1}')
    with pytest.raises(ConfigError, match=r"b\.json is no record"):
        toy.go(tmp_path)


def test_two_at_once_are_refused(toy: Toy, tmp_path: Path) -> None:
    lock = FolderLock.take(tmp_path)
    with pytest.raises(RunLockedError):
        toy.go(tmp_path)
    lock.release()
    toy.go(tmp_path)
    assert toy.made == ["a", "b", "c"]
