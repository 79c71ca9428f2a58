"""From repositories to the data file: duplicates, families, caps, faults, and the same bytes."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor
from pathlib import Path

import pytest
from histories import DAY, FIRST_DAY, MIT, OLD, History, fingerprint, git, licensed

from ulmus import diffs
from ulmus.errors import ConfigError, DataFormatError, DataWriteError
from ulmus.mining import Mined, Options, RepositorySpec, Sample, mine, read_edits, write_edits
from ulmus.mining import pipeline as pipeline_module
from ulmus.mining.sample import read_header
from ulmus.workers import InlineExecutor, local_executor

ULMUS = [sys.executable, "-m", "ulmus.cli.main"]
NEW = OLD.replace("3 * square", "math.pi * square")
NEWER = NEW.replace("return large - small", "return abs(large - small)")


def run(
    out: Path, *paths: Path, executor: Executor | None = None, names: tuple[str, ...] = (),
    **settings: object,
) -> Mined:  # fmt: skip
    names = names or tuple(f"owner{index}/thing" for index in range(len(paths)))
    specs = [RepositorySpec(path, name) for path, name in zip(paths, names, strict=True)]
    options = Options(**settings)  # type: ignore[arg-type]
    return mine(specs, options, out, executor or InlineExecutor())


def messages(out: Path) -> list[str]:
    return sorted(sample.message for sample in read_edits(out))


def history() -> History:
    one = licensed().commit("Use the value of pi from math", {"pkg/core.py": NEW})
    return one.commit("Never return a negative ring", {"pkg/core.py": NEWER})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return history().build(tmp_path / "repo")


def test_a_sample_says_where_it_comes_from(repository: Path, tmp_path: Path) -> None:
    mined = run(tmp_path / "data", repository, names=("some/thing",))
    assert mined.num_samples == 2
    sample = next(s for s in read_edits(tmp_path / "data") if s.unit == "area")
    blob = git(repository, "rev-parse", f"{sample.commit}:pkg/core.py").strip()
    assert sample.before == OLD[OLD.index("def area") : OLD.index("\n\n\ndef ring")]
    assert sample.after == sample.before.replace("3 *", "math.pi *")
    assert (sample.repo, sample.path, sample.level) == ("some/thing", "pkg/core.py", "func")
    assert (sample.licence, sample.licence_at_commit) == ("MIT", "MIT")
    assert (sample.after_blob, sample.commit_time) == (blob, FIRST_DAY + DAY)
    assert (sample.lines, sample.changed, sample.hunks, sample.weight) == ((5, 8), 2, 1, 1.0)
    assert (sample.change_class, sample.n_files, sample.pure) == ("strict", 1, True)
    assert sample.kind == "change"
    assert sample.imperative
    assert not sample.recent
    assert sample.family == git(repository, "rev-list", "--max-parents=0", "HEAD").strip()
    assert sample.tokens["before"] == -(-len(sample.before) * 100 // 365)
    assert 0 < sample.tokens["diff_u1"] < sample.tokens["diff_u3"]
    assert "Ann" not in json.dumps(sample.to_json())


def test_every_sample_can_be_made_again_in_every_form(repository: Path, tmp_path: Path) -> None:
    run(tmp_path / "data", repository)
    for sample in read_edits(tmp_path / "data"):
        edit = diffs.make(sample.before, sample.after, sample.message)
        for form in diffs.FORMS:
            text = diffs.render(edit, form, sample.before)
            assert diffs.apply(sample.before, diffs.parse(text, form)).text == sample.after


@pytest.mark.parametrize(
    ("files", "class_", "kept"),
    [
        ({}, "strict", True),
        ({"README": "x"}, "one_py", True),
        ({"tests/test_core.py": "x = 1\n"}, "with_tests", True),
        ({"pkg/other.py": "x = 1\n"}, "multi", False),
        ({f"pkg/m{number}.py": "x = 1\n" for number in range(8)}, "", False),
    ],
)
def test_commit_classes(files: dict[str, object], class_: str, kept: bool, tmp_path: Path) -> None:
    path = (
        licensed()
        .commit("Use the value of pi", {"pkg/core.py": NEW, **files})
        .build(tmp_path / "r")
    )
    run(tmp_path / "data", path)
    assert [s.change_class for s in read_edits(tmp_path / "data")] == [class_] * kept
    if class_ == "multi":
        run(tmp_path / "data", path, multi=True)
        assert [s.change_class for s in read_edits(tmp_path / "data")] == ["multi"]


def edit(
    before: str, after: str, tmp_path: Path, name: str = "pkg/a.py"
) -> dict[str, dict[str, int]]:
    """Mine one edit of one file; returns the losses."""
    path = licensed().commit("Put the file into place", {name: before})
    built = path.commit("Change what the function does", {name: after}).build(tmp_path / "r")
    report = run(tmp_path / "data", built).report
    return report["funnel"]["lost"]  # type: ignore[no-any-return]


BODY = "def f(a):\n    b = a\n    c = {}\n    return c\n"


@pytest.mark.parametrize(
    ("before", "after", "stage", "reason"),
    [
        ("def f():\n    print 1\n    return 2\n", "def f():\n    print 1\n    return 3\n", "syntax", "does not parse"),
        (BODY, BODY.replace("b = a", "b = a  # why"), "syntax", "same tree"),
        (BODY, BODY.replace("(a)", "(a: int)"), "syntax", "same tree"),
        ("def f():\n    return 1\n", "def f():\n    return 2\n", "shape", "fewer than 3 lines"),
        (BODY.replace("    ", "\t"), BODY.replace("    ", "\t").replace("= a", "= 2"), "shape", "tabs"),
        (BODY, BODY.replace("{}", "'" + "x" * 220 + "'"), "shape", "long line"),
        (BODY, BODY.replace("{}", "'\x1b[0m'"), "shape", "odd characters"),
        (BODY, BODY + "".join(f"    x{n} = {n}\n" for n in range(40)), "changed", "more than 30 lines"),
        (BODY, BODY.replace("{}", "'''" + "-----BEGIN RSA PRIVATE KEY-----" + "'''"), "secrets", "private key"),
        (BODY, BODY.replace("{}", "'sk-" + "a1B2" * 6 + "'"), "secrets", "token"),
        (BODY, BODY.replace("{}", "'AKIA" + "ABCD1234" * 2 + "'"), "secrets", "token"),
        (BODY, BODY.replace("{}", "'https://me:pass@x.org'"), "secrets", "URL with credentials"),
        (BODY, BODY.replace("{}", "'" + "QUJD" * 25 + "'"), "secrets", "base64"),
        (BODY, BODY.replace("{}", "'" + "0f" * 20 + "'"), "secrets", "long hex"),
        (BODY, BODY.replace("b = a", "password = 'hunter2hunter2'"), "secrets", "secret literal"),
        (BODY, BODY.replace("b = a", "b = 2  # Author: Somebody"), "secrets", "author tag"),
        (BODY, BODY.replace("{}", "'93.184.216.34'"), "secrets", "public address"),
        (BODY, "# Generated by a tool. DO NOT EDIT\n" + BODY.replace("{}", "1"), "text", "generated"),
        (BODY, "# SPDX-License-Identifier: GPL-3.0\n" + BODY.replace("{}", "1"), "text", "copyleft header"),
        ("x = 1\n", "def f():\n    return 1\n" + "y = 2\n", "shape", "fewer than 3 lines"),
    ],
)  # fmt: skip
def test_each_filter_loses_with_its_reason(
    before: str, after: str, stage: str, reason: str, tmp_path: Path
) -> None:
    lost = edit(before, after, tmp_path)
    assert lost[stage][reason] == 1
    assert messages(tmp_path / "data") == []


def test_units_that_are_too_long_are_lost(tmp_path: Path) -> None:
    long = "def f(a):\n" + "".join(f"    a = g(a, {n})\n" for n in range(200)) + "    return a\n"
    assert edit(long, long.replace("return a", "return -a"), tmp_path)["shape"] == {"too long": 1}


def test_addresses_and_owners_of_tasks_are_replaced_on_both_sides(tmp_path: Path) -> None:
    before = BODY.replace("{}", "'joe.doe@corp.org'").replace("b = a", "b = a  # TODO(joe): more")
    edit(before, before.replace("return c", "return [c]"), tmp_path)
    (sample,) = read_edits(tmp_path / "data")
    for text in (sample.before, sample.after):
        assert "'user@example.com'" in text
        assert "# TODO: more" in text
        assert "joe" not in text


def test_an_edit_of_nothing_but_an_address_is_none(tmp_path: Path) -> None:
    before = BODY.replace("{}", "'joe.doe@corp.org'")
    lost = edit(before, before.replace("joe.doe", "jim"), tmp_path)
    assert lost["changed"] == {"only addresses": 1}


def test_matrix_products_are_no_addresses(tmp_path: Path) -> None:
    edit(BODY, BODY.replace("{}", "a.x@b.T.dot(a)"), tmp_path)
    (sample,) = read_edits(tmp_path / "data")
    assert "a.x@b.T.dot(a)" in sample.after


def test_forks_give_nothing_twice_and_are_one_family(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "fork")
    mined = run(tmp_path / "data", tmp_path / "fork", repository)
    assert mined.num_samples == 2
    assert mined.report["funnel"]["lost"]["duplicate"] == {"same files": 2}
    (family,) = mined.report["families"].values()
    assert family["repositories"] == ["owner0/thing", "owner1/thing"]


def test_a_rewritten_history_is_found_by_its_files(repository: Path, tmp_path: Path) -> None:
    rewritten = History().commit("Start again from nothing", {"x.txt": "1"})
    rewritten.commits += history().commits
    path = rewritten.build(tmp_path / "rewritten")
    mined = run(tmp_path / "data", repository, path)
    assert mined.num_samples == 2
    assert len(mined.report["families"]) == 1
    oldest = {sample.repo for sample in read_edits(tmp_path / "data")}
    assert oldest == {"owner0/thing"}  # its commits are a day older


def test_the_same_lines_elsewhere_are_a_duplicate(tmp_path: Path) -> None:
    one = licensed()
    for name in ("a", "b"):
        text = f"def {name}(x):\n    y = x\n    z = 1 + {len(one.commits)}\n    return y\n"
        one.commit(f"Put file {name} into place", {f"{name}.py": text})
        one.commit(
            f"Return something in file {name}",
            {f"{name}.py": text.replace("return y", "return [y]")},
        )
    mined = run(tmp_path / "data", one.build(tmp_path / "r"))
    assert mined.report["funnel"]["lost"]["duplicate"] == {"same lines": 1}
    assert messages(tmp_path / "data") == ["Return something in file a"]


def test_frequent_subjects_are_capped_at_five(tmp_path: Path) -> None:
    one = licensed()
    for number in range(8):
        text = f"def f{number}(x):\n    y = x\n    return {'y' * (number + 1)}\n"
        one.commit("Put it into place", {f"m{number}.py": text})
        one.commit(
            "Handle the empty case",
            {f"m{number}.py": text.replace("= x", f"= x or {'z' * (number + 1)}")},
        )
    mined = run(tmp_path / "data", one.build(tmp_path / "r"))
    assert messages(tmp_path / "data") == ["Handle the empty case"] * 5
    assert mined.report["funnel"]["lost"]["subject"] == {"more than five times": 3}


def test_a_refused_repository_is_reported_and_the_others_mined(
    repository: Path, tmp_path: Path
) -> None:
    bad = History().commit("Add it", {"a.py": OLD}).build(tmp_path / "bad")
    mined = run(tmp_path / "data", bad, repository)
    assert mined.report["repositories"]["owner0/thing"]["refusal"] == "no licence found"
    assert mined.num_samples == 2


def test_relicensed_history_is_left_out(tmp_path: Path) -> None:
    gpl = "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991\n"
    one = licensed(gpl).commit("Use the value of pi from math", {"pkg/core.py": NEW})
    one.commit("Change the licence to another", {"LICENSE": MIT})
    one.commit("Never return a negative ring", {"pkg/core.py": NEWER})
    mined = run(tmp_path / "data", one.build(tmp_path / "r"))
    assert messages(tmp_path / "data") == ["Never return a negative ring"]
    assert mined.report["funnel"]["lost"]["licence"] == {"another licence then": 1}


def test_time_window_and_hold_out(tmp_path: Path) -> None:
    one = licensed().commit("Use the value of pi from math", {"pkg/core.py": NEW})
    one.commit("Never return a negative ring", {"pkg/core.py": NEWER}, time=1_740_000_000)
    path = one.build(tmp_path / "r")
    run(tmp_path / "data", path)
    assert {s.message: s.recent for s in read_edits(tmp_path / "data")} == {
        "Use the value of pi from math": False, "Never return a negative ring": True,
    }  # fmt: skip
    run(tmp_path / "data", path, since=FIRST_DAY + 2 * DAY)
    assert messages(tmp_path / "data") == ["Never return a negative ring"]
    run(tmp_path / "data", path, until=1_740_000_000)
    assert messages(tmp_path / "data") == ["Use the value of pi from math"]


def files_of(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "edits.jsonl.gz").read_bytes(), (folder / "funnel.json").read_bytes()


def three(tmp_path: Path) -> list[Path]:
    other = OLD.replace("square", "quadrat").replace("Counter", "Zähler")
    histories = [
        history(),
        licensed(name="COPYING").commit("Count with absolute numbers", {"pkg/core.py": OLD.replace("+ number", "+ abs(number)")}),
        History().commit("Add another module", {"LICENSE.txt": MIT, "o.py": other}).commit(
            "Return the area as a float", {"o.py": other.replace("3 * quadrat", "3.1 * quadrat")}
        ),
    ]  # fmt: skip
    return [one.build(tmp_path / f"r{index}") for index, one in enumerate(histories)]


def test_the_same_bytes_whatever_order_and_place(tmp_path: Path) -> None:
    paths = three(tmp_path)
    before = [fingerprint(path) for path in paths]
    run(tmp_path / "one", *paths, names=("a/a", "b/b", "c/c"))
    moved = paths[0].rename(tmp_path / "moved")
    time.sleep(1.1)  # another second, so that a time stamp would show
    run(tmp_path / "two", paths[2], moved, paths[1], names=("c/c", "a/a", "b/b"))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert [fingerprint(path) for path in (moved, *paths[1:])] == before
    header = read_header(tmp_path / "one")
    assert (header["num_samples"], header["format"]) == (4, "ulmus-edits")


@pytest.mark.slow
def test_the_same_bytes_with_workers(tmp_path: Path) -> None:
    paths = three(tmp_path)
    run(tmp_path / "one", *paths)
    with local_executor(2) as executor:
        run(tmp_path / "two", *paths, executor=executor)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_parts_are_used_again_and_only_for_what_they_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = three(tmp_path)
    run(tmp_path / "fresh", *paths)
    run(tmp_path / "data", *paths[:2])
    made: list[str] = []
    real = pipeline_module.make_part

    def counting(spec: RepositorySpec, name: str, *rest: object) -> str:
        made.append(name)
        return real(spec, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline_module, "make_part", counting)
    run(tmp_path / "data", *paths)
    assert made == ["owner2/thing"]
    assert files_of(tmp_path / "data") == files_of(tmp_path / "fresh")
    git(
        paths[0],
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    )
    run(tmp_path / "data", *paths)
    run(tmp_path / "data", *paths, max_tokens=100)
    assert made == ["owner2/thing", "owner0/thing", "owner0/thing", "owner1/thing", "owner2/thing"]
    run(tmp_path / "data", *paths, max_tokens=100, cap=0.5)  # needs no repository read again
    assert len(made) == 5


def test_damaged_parts_are_made_again(tmp_path: Path) -> None:
    paths = three(tmp_path)
    run(tmp_path / "data", *paths)
    expected = files_of(tmp_path / "data")
    for part, damage in zip(
        sorted((tmp_path / "data" / ".parts").iterdir()), (b"", b"x", None), strict=True
    ):
        part.write_bytes(part.read_bytes()[:-30] if damage is None else damage)
    run(tmp_path / "data", *paths)
    assert files_of(tmp_path / "data") == expected


def test_an_interrupted_run_leaves_the_old_data_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = three(tmp_path)
    run(tmp_path / "data", paths[0])
    old = files_of(tmp_path / "data")
    names = sorted(path.name for path in (tmp_path / "data").iterdir())

    def interrupted(sample: Sample) -> dict[str, object]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Sample, "to_json", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "data", *paths)
    assert files_of(tmp_path / "data") == old
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == names
    assert run(tmp_path / "data", *paths).num_samples == 4


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    many = licensed()
    for number in range(400):
        many.commit(
            f"Return number {number} of it", {"pkg/core.py": OLD.replace("3 *", f"{number} *")}
        )
    paths = [*three(tmp_path), many.build(tmp_path / "many")]
    arguments = [f"{path}=owner{index}/thing" for index, path in enumerate(paths)]
    command = [*ULMUS, "mine", *arguments, "--out"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    for delay in (0.0, 0.05, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            [*command, str(tmp_path / "data")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert process.stderr is not None
        process.stderr.readline()  # the first repository is done
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        data = tmp_path / "data" / "edits.jsonl.gz"
        if data.exists():
            assert len(list(read_edits(data))) == read_header(data)["num_samples"]
    subprocess.run([*command, str(tmp_path / "data")], check=True, capture_output=True)
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "data")
    assert not list((tmp_path / "data").rglob("*.partial"))


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_at_once_and_leaves_nothing_half_written(jobs: str, tmp_path: Path) -> None:
    many = licensed()
    for number in range(4000):
        many.commit(
            f"Return number {number} of it", {"pkg/core.py": OLD.replace("3 *", f"{number} *")}
        )
    paths = [history().build(tmp_path / "few"), many.build(tmp_path / "many")]
    arguments = [f"{path}=owner{index}/thing" for index, path in enumerate(paths)]
    process = subprocess.Popen(
        [*ULMUS, "mine", *arguments, "--out", str(tmp_path / "data"), "--jobs", jobs],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stderr is not None
    assert "1/2 owner0/thing" in process.stderr.readline()
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert time.monotonic() - start < 30
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert not (tmp_path / "data" / "edits.jsonl.gz").exists()
    names = [path.name for path in (tmp_path / "data" / ".parts").iterdir() if path.suffix == ".gz"]
    assert [name.partition(".")[0] for name in names] == ["owner0+thing"]


def test_folders_that_cannot_be_written_are_named(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataWriteError, match="file"):
        run(tmp_path / "file", repository)
    with pytest.raises(DataWriteError, match="cannot write"):
        run(Path("/proc/nothing"), repository)


def test_a_full_disk_is_one_message_and_leaves_the_old_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = three(tmp_path)[0]
    run(tmp_path / "data", path)
    old = files_of(tmp_path / "data")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataWriteError, match="No space left on device"):
        run(tmp_path / "data", path)
    assert files_of(tmp_path / "data") == old
    assert not list((tmp_path / "data").rglob("*.partial"))


@pytest.mark.parametrize(
    "damage", ["cut", "foreign", "version", "line", "field", "missing", "text"]
)
def test_damaged_data_files_are_named(damage: str, repository: Path, tmp_path: Path) -> None:
    run(tmp_path / "data", repository)
    file = tmp_path / "data" / "edits.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    elif damage == "missing":
        file.unlink()
    elif damage == "text":
        file.write_text("not packed")
    else:
        change = {
            "foreign": [b'{"a": 1}\n'], "version": [b'{"format": "ulmus-edits", "version": 9}\n'],
            "line": [lines[0], b"{", b"\n"],
            "field": [lines[0], lines[1].replace(b'"before"', b'"befor"')],
        }[damage]  # fmt: skip
        file.write_bytes(gzip.compress(b"".join(change)))
    with pytest.raises(DataFormatError, match="edits"):
        list(read_edits(tmp_path / "data" if damage != "missing" else file))


def test_samples_of_runs_use_the_same_file(tmp_path: Path) -> None:
    sample = Sample(
        before="a = '\ud800'", after="a = 2", message="Changed x.", path="program.py", repo="run:one",
        family="run:one", split="train", kind="change", licence="own", commit_time=0, level="file",
        weight=0.5,
    )  # fmt: skip
    write_edits(tmp_path / "edits.jsonl.gz", [sample])
    (back,) = read_edits(tmp_path)
    assert dataclasses.replace(back, tokens={}) == sample


def test_two_repositories_of_one_name_are_refused(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="are both a/b"):
        run(tmp_path / "data", repository, repository, names=("a/b", "a/b"))


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ULMUS, "mine", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_prints_a_table_and_json(repository: Path, tmp_path: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@example.org/some/thing.git")
    done = command(repository, "--out", tmp_path / "data", "--json")
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["samples"], last["commits"], last["refused"]) == (2, 3, {})
    assert "1/1 some/thing" in done.stderr
    assert "commits that are no merges" in done.stdout
    (one, _) = read_edits(tmp_path / "data")
    assert one.origin == "https://example.org/some/thing.git"
    assert b"secret" not in gzip.decompress((tmp_path / "data" / "edits.jsonl.gz").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--levels", "func,klass"], "levels must be among"),
        (["--since", "yesterday"], "a day looks like"),
        (["--licence", "some/thing"], "OWNER/NAME=SPDX"),
        (["--licence", "other/thing=MIT"], "which is not mined"),
        (["--refs", "some"], "refs must be HEAD or all"),
        (["--cap", "0"], "cap must lie in"),
        (["--tokenizer", "/nothing.json"], "nothing.json"),
    ],
)
def test_bad_options_are_named(
    arguments: list[str], words: str, repository: Path, tmp_path: Path
) -> None:
    done = command(repository, "--out", tmp_path / "data", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_licence_by_hand_opens_a_repository(tmp_path: Path) -> None:
    one = History().commit("Add it", {"pkg/core.py": OLD})
    path = one.commit("Use the value of pi from math", {"pkg/core.py": NEW}).build(tmp_path / "r")
    done = command(f"{path}=a/b", "--licence", "a/b=BSD-3-Clause", "--out", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    (sample,) = read_edits(tmp_path / "data")
    assert (sample.licence, sample.repo) == ("BSD-3-Clause", "a/b")
