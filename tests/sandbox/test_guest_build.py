"""The build step of the guest."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hatch_build = load()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the guest is made of, with a pretended guest that is up to date."""
    for folder in (hatch_build.GUEST, hatch_build.JOINING):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/ulmus/problems/toy/guest").mkdir(parents=True)
    (tmp_path / "src/ulmus/problems/toy/guest/toy.py").write_text("x = 1\n")
    (tmp_path / hatch_build.WASM).write_bytes(b"guest")
    (tmp_path / hatch_build.STAMP).write_text(hatch_build.digest(tmp_path))
    return tmp_path


def test_the_guest_of_this_tree_is_up_to_date() -> None:
    assert hatch_build.is_current(ROOT), "run: python hatch_build.py"


def test_nothing_is_built_without_need(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "_componentize", None)
    assert not hatch_build.build(tree)


@pytest.mark.parametrize("name", ["runner.py", "program.wit", "new.py"])
def test_a_changed_source_makes_it_old(tree: Path, name: str) -> None:
    with (tree / hatch_build.GUEST / name).open("a") as file:
        file.write("\n# changed\n")
    assert not hatch_build.is_current(tree)


def test_a_changed_module_of_a_problem_makes_it_old(tree: Path) -> None:
    (tree / "src/ulmus/problems/toy/guest/toy.py").write_text("x = 2\n")
    assert not hatch_build.is_current(tree)


def test_a_changed_way_of_joining_makes_it_old(tree: Path) -> None:
    with (tree / hatch_build.JOINING / "join.py").open("a") as file:
        file.write("\n# changed\n")
    assert not hatch_build.is_current(tree)


def test_line_ends_make_no_difference(tree: Path) -> None:
    path = tree / hatch_build.GUEST / "runner.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert hatch_build.is_current(tree)


def test_another_tool_makes_it_old_and_is_asked_for(tree: Path) -> None:
    project = tree / "pyproject.toml"
    pinned = hatch_build.pinned_version(tree)
    project.write_text(
        project.read_text().replace(f"componentize-py=={pinned}", "componentize-py==9.9")
    )
    assert not hatch_build.is_current(tree)
    with pytest.raises(RuntimeError, match=r"needs componentize-py 9\.9, found"):
        hatch_build.build(tree)


def test_a_failing_tool_leaves_the_old_guest(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "RUN_TOOL", "import sys; sys.exit('no luck')")
    monkeypatch.setattr(hatch_build, "_check_tool", lambda wanted: None)
    with pytest.raises(RuntimeError, match="no luck"):
        hatch_build.build(tree, force=True)
    assert (tree / hatch_build.WASM).read_bytes() == b"guest"


def test_a_finished_guest_gets_its_stamp(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(root: Path, scratch: Path) -> Path:
        (scratch / "out").write_bytes(b"new guest")
        return scratch / "out"

    monkeypatch.setattr(hatch_build, "_componentize", made)
    monkeypatch.setattr(hatch_build, "_join", lambda component: component + b", joined")
    monkeypatch.setattr(hatch_build, "_check_tool", lambda wanted: None)
    assert hatch_build.build(tree, force=True)
    assert (tree / hatch_build.WASM).read_bytes() == b"new guest, joined"
    assert hatch_build.is_current(tree)
