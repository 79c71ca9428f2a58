"""Repositories are read without being trusted and without being changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from histories import OLD, History, Link, fingerprint, git, licensed

from ulmus.errors import RepositoryError
from ulmus.mining import borrowed, history
from ulmus.mining.blobs import MAX_BLOB_BYTES
from ulmus.mining.extract import extract
from ulmus.mining.history import Repository, public_url
from ulmus.mining.naming import name_of
from ulmus.mining.options import Options, RepositorySpec

NEW = OLD.replace("3 * square", "math.pi * square")
MESSAGE = "Use the value of pi from math"


def mined(path: Path, **settings: object) -> list[str]:
    part = extract(RepositorySpec(path), "some/thing", Options(**settings))  # type: ignore[arg-type]
    return [sample.message for sample, _ in part.samples]


def test_commits_come_newest_first_with_their_files(tmp_path: Path) -> None:
    path = licensed().commit(MESSAGE, {"pkg/core.py": NEW}).build(tmp_path / "repo")
    with Repository(path) as repository:
        newest, first = repository.commits("HEAD")
        assert repository.roots() == [first.id]
    assert (newest.parent, newest.subject, newest.author) == (first.id, MESSAGE, "Ann Author")
    (change,) = newest.changes
    assert (change.status, change.path, change.new_mode) == ("M", b"pkg/core.py", 0o100644)
    assert [change.status for change in first.changes] == ["A", "A"]


@pytest.mark.parametrize(
    "kind", ["work tree", ".git", "bare", "no config", "linked", "nested objects"]
)
def test_all_kinds_of_repositories_are_found(kind: str, tmp_path: Path) -> None:
    history_ = licensed().commit(MESSAGE, {"pkg/core.py": NEW})
    path = history_.build(tmp_path / "repo", bare=kind in ("bare", "no config"))
    if kind == ".git":
        path = path / ".git"
    elif kind == "no config":
        (path / "config").unlink()
    elif kind == "linked":
        git(path, "worktree", "add", "-q", str(tmp_path / "linked"), "HEAD")
        path = tmp_path / "linked"
    elif kind == "nested objects":
        git(tmp_path, "clone", "-q", "--shared", str(path), str(tmp_path / "shared"))
        path = tmp_path / "shared"
    assert mined(path) == [MESSAGE]


@pytest.mark.parametrize("kind", ["missing", "file", "empty folder", "damaged"])
def test_what_is_no_repository_is_one_clear_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    if kind == "file":
        path.write_text("x")
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "damaged":
        licensed().commit(MESSAGE, {"pkg/core.py": NEW}).build(path)
        for loose in (path / ".git" / "objects").glob("??/*"):
            loose.chmod(0o644)
            loose.write_bytes(loose.read_bytes()[:10])
    with pytest.raises(RepositoryError, match="thing"):
        extract(RepositorySpec(path), "some/thing", Options())


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "repo")
    part = extract(RepositorySpec(tmp_path / "repo"), "a/b", Options())
    assert part.refusal == "no commit at HEAD"


def test_shallow_clones_are_read_with_a_warning(tmp_path: Path) -> None:
    history_ = licensed().commit("Add an empty file", {"b.py": ""})
    path = history_.commit(MESSAGE, {"pkg/core.py": NEW}).build(tmp_path / "repo")
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{path}", "shallow")
    part = extract(RepositorySpec(tmp_path / "shallow"), "a/b", Options())
    assert [sample.message for sample, _ in part.samples] == [MESSAGE]
    assert "shallow" in part.warnings[0]


def hostile(tmp_path: Path) -> tuple[Path, Path]:
    """Return a repository that wants to run programs, and the file that they would write."""
    path = licensed().commit(
        MESSAGE, {"pkg/core.py": NEW, ".gitattributes": "*.py diff=evil filter=evil merge=evil\n"}
    ).build(tmp_path / "repo")  # fmt: skip
    touched = tmp_path / "touched"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\necho ran $0 >> {touched}\ncat\n")
    evil.chmod(0o755)
    settings = {
        "diff.external": evil, "diff.evil.command": evil, "diff.evil.textconv": evil,
        "filter.evil.smudge": evil, "filter.evil.clean": evil, "core.fsmonitor": evil,
        "core.pager": evil, "pager.log": evil, "core.sshCommand": evil, "core.editor": evil,
        "core.hooksPath": tmp_path / "hooks", "log.showSignature": "true", "gpg.program": evil,
        "core.gitProxy": evil, "core.alternateRefsCommand": evil, "credential.helper": f"!{evil}",
        "include.path": "/dev/zero", "color.ui": "always", "format.pretty": "oneline",
        "log.follow": "true", "diff.renames": "copies", "core.quotepath": "true",
        "remote.origin.url": f"ext::{evil}", "remote.origin.promisor": "true",
        "i18n.logOutputEncoding": "UTF-16",
    }  # fmt: skip
    with (path / ".git" / "config").open("a") as config:
        for key, value in settings.items():
            section, _, name = key.rpartition(".")
            head, _, sub = section.partition(".")
            config.write(f'[{head} "{sub}"]\n' if sub else f"[{head}]\n")
            config.write(f'\t{name} = "{value}"\n')
    for folder in (tmp_path / "hooks", path / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-index-change"):
            (folder / hook).write_text(evil.read_text())
            (folder / hook).chmod(0o755)
    return path, touched


def test_nothing_in_a_hostile_repository_runs_and_nothing_changes(tmp_path: Path) -> None:
    path, touched = hostile(tmp_path)
    before = fingerprint(path)
    assert mined(path) == [MESSAGE]
    assert mined(path, refs="all") == [MESSAGE]
    assert fingerprint(path) == before
    assert not touched.exists()


def test_the_traps_are_real_plain_git_steps_into_them(tmp_path: Path) -> None:
    path, touched = hostile(tmp_path)
    config = path / ".git" / "config"
    config.write_text(config.read_text().replace("/dev/zero", "/dev/null"))
    subprocess.run(
        ["git", "-C", str(path), "-c", "color.ui=never", "log", "-p", "--ext-diff", "-1"],
        capture_output=True, check=False, timeout=60, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert touched.exists()


def test_a_partial_clone_is_read_as_far_as_it_goes_and_never_fetches(tmp_path: Path) -> None:
    history_ = licensed().commit(MESSAGE, {"pkg/core.py": NEW})
    path = history_.commit("Return the count of them", {"b.py": "x = 1\n"}).build(tmp_path / "repo")
    git(path, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{path}", "partial")
    before = fingerprint(tmp_path / "partial")
    part = extract(RepositorySpec(tmp_path / "partial", licence="MIT"), "a/b", Options())
    assert part.samples == []
    assert "partial" in part.warnings[0]
    assert part.funnel.lost["text"]["too large or missing"] == 1
    assert fingerprint(tmp_path / "partial") == before


def test_replace_refs_and_grafts_are_not_believed(tmp_path: Path) -> None:
    history_ = licensed().commit(MESSAGE, {"pkg/core.py": NEW})
    history_.commit("Another thing to say here", {"x.txt": "1"}, ref="refs/heads/other")
    path = history_.build(tmp_path / "repo")
    commit = git(path, "rev-parse", "main").strip()
    git(path, "replace", commit, git(path, "rev-parse", "other").strip())
    (path / ".git" / "info" / "grafts").write_text(f"{commit}\n")
    before = fingerprint(path)
    assert mined(path) == [MESSAGE]
    assert fingerprint(path) == before


def test_huge_files_are_passed_by_in_little_memory(tmp_path: Path) -> None:
    huge = "x = 1\n" * (MAX_BLOB_BYTES // 6 + 10)
    history_ = licensed().commit("Add a large file of numbers", {"huge.py": huge})
    history_.commit("Change the large file of numbers", {"huge.py": huge + "y = 2\n"})
    path = history_.commit(MESSAGE, {"pkg/core.py": NEW}).build(tmp_path / "repo")
    part = extract(RepositorySpec(path), "a/b", Options())
    assert [sample.message for sample, _ in part.samples] == [MESSAGE]
    assert part.funnel.lost["text"] == {"too large or missing": 1}


def test_odd_encodings_are_dropped_or_read(tmp_path: Path) -> None:
    latin = OLD.replace('"""Numbers."""', '"""Größe."""').encode("latin-1")
    windows = ("\ufeff" + NEW.replace("\n", "\r\n")).encode()
    history_ = licensed().commit("Write the file in another way", {"pkg/core.py": latin})
    history_.commit("Write another thing in latin", {"pkg/core.py": latin + b"\nx = 1\n"})
    history_.commit("Write it with a zero inside", {"pkg/core.py": OLD + "\0"})
    history_.commit("Write it as it was once", {"pkg/core.py": OLD})
    path = history_.commit(MESSAGE, {"pkg/core.py": windows}).build(tmp_path / "repo")
    part = extract(RepositorySpec(path), "a/b", Options())
    assert [sample.message for sample, _ in part.samples] == [MESSAGE]
    assert "\r" not in part.samples[0][0].after
    assert part.funnel.lost["text"] == {"not UTF-8": 3, "binary": 1}


def test_forged_log_lines_stay_in_their_field(tmp_path: Path) -> None:
    forged = ":100644 100644 " + "a" * 40 + " " + "b" * 40 + " M"
    history_ = licensed().commit(forged, {"pkg/core.py": NEW})
    history_.commit("\x01\x02 Return of odd bytes \x7f", {"pkg/core.py": OLD})
    history_.commit(MESSAGE, {'pkg/:1 "odd"\nname.py': "x = 1\n"}, author="\x01A\x02 <\x01@\x02>")
    path = history_.build(tmp_path / "repo")
    with Repository(path) as repository:
        commits = list(repository.commits("HEAD"))
    assert [len(commit.changes) for commit in commits] == [1, 1, 1, 2]
    assert commits[2].subject == forged
    assert commits[0].changes[0].path == b'pkg/:1 "odd"\nname.py'


def test_endless_subjects_are_cut(tmp_path: Path) -> None:
    path = licensed().commit("x" * 3_000_000, {"pkg/core.py": NEW}).build(tmp_path / "repo")
    with Repository(path) as repository:
        newest = next(iter(repository.commits("HEAD")))
    assert len(newest.subject) < 2 * history.MAX_FIELD_BYTES + history._CHUNK


def test_many_commits_of_nothing_are_passed_by_quickly(tmp_path: Path) -> None:
    history_ = licensed()
    for number in range(3000):
        history_.commit(f"Nothing at all number {number}")
    path = history_.commit(MESSAGE, {"pkg/core.py": NEW}).build(tmp_path / "repo")
    part = extract(RepositorySpec(path), "a/b", Options())
    assert part.funnel.kept["commits"] == 3002
    assert part.funnel.lost["files"]["no Python file"] == 3000
    assert len(part.samples) == 1


def test_links_and_folders_are_no_files(tmp_path: Path) -> None:
    history_ = licensed().commit("Turn the file into a link", {"pkg/core.py": Link("/etc/passwd")})
    path = history_.commit("Point the link to another", {"pkg/core.py": Link("/etc/group")}).build(
        tmp_path / "repo"
    )
    assert mined(path) == []


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://user:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://example.org/a/b?token=1", "https://example.org/a/b"),
        ("git@example.org:a/b.git", "ssh://example.org/a/b.git"),
        ("/home/somebody/b", None),
        ("file:///home/somebody/b", None),
        ("ext::sh -c evil", None),
        ("", None),
    ],
)
def test_origins_carry_no_secret_and_no_local_path(url: str, public: str | None) -> None:
    assert public_url(url) == public


def test_names_come_from_folder_or_origin() -> None:
    assert name_of(Path("/x/pytoolz+toolz/repo"), None) == "pytoolz/toolz"
    assert name_of(Path("/x/ai+b.git"), None) == "ai/b"
    assert name_of(Path("/x/y"), "https://example.org/some/thing.git") == "some/thing"
    assert name_of(Path("/x/y/.git"), None) == "local/y"


def test_commits_of_other_branches_only_on_demand(tmp_path: Path) -> None:
    history_ = licensed().commit(MESSAGE, {"pkg/core.py": NEW})
    path = history_.build(tmp_path / "repo")
    git(path, "checkout", "-q", "-b", "topic")
    (path / "pkg" / "core.py").write_text(NEW.replace("large - small", "abs(large - small)"))
    git(
        path,
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-qam",
        "Return a positive ring area",
    )
    git(path, "checkout", "-q", "main")
    assert mined(path) == [MESSAGE]
    part = extract(RepositorySpec(path), "a/b", Options(refs="all"))
    assert {sample.message: sample.from_head for sample, _ in part.samples} == {
        MESSAGE: True, "Return a positive ring area": False,
    }  # fmt: skip


def test_git_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = licensed().build(tmp_path / "repo")
    monkeypatch.setattr(borrowed.shutil, "which", lambda name: None)
    with pytest.raises(RepositoryError, match="git is not installed"):
        mined(path)


def test_history_needs_no_commit_graph(tmp_path: Path) -> None:
    path = History().commit("One", {"a.py": "x = 1\n"}).build(tmp_path / "repo")
    git(path, "commit-graph", "write", "--reachable")
    graph = next((path / ".git" / "objects" / "info").glob("commit-graph*"))
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:-40] + b"\0" * 40)
    with Repository(path) as repository:
        assert len(list(repository.commits("HEAD"))) == 1
