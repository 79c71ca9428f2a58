"""The command line: bad input gets a clear message, exit status 2 and no leftovers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOYS = Path(__file__).parents[1] / "support" / "toys.py"
TOY_OPTIONS = [
    f"{TOYS}:ToyProblem",
    "--operators",
    f"{TOYS}:ToyOperator",
    "--sandbox",
    f"{TOYS}:ToySandbox",
    "--workers",
    "0",
]


def ulmus(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ulmus.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "sodarcae"], "unknown problem 'sodarcae'. Did you mean 'sodarace'?"),
        (["run", "--operators", "sintax=1"], "unknown operator 'sintax'. Did you mean 'syntax'?"),
        (["run", "--operators", "syntax=much"], "'much' is not a number"),
        (["run", "--operators", "syntax=1,syntax=2"], "'syntax' comes twice"),
        (["run", "--operators", "syntax=1,"], "a name is missing in 'syntax=1,'"),
        (["run", "--operators", ""], "a name is missing in ''; expected NAME=WEIGHT"),
        (["run", "--operators", "syntax=1e308,crossover=1e308"], "their sum finite"),
        (["run", "--operators", "syntax=-1"], "must be positive"),
        (["run", "--operators", "syntax=nan"], "must be positive"),
        (["run", "--terrain", "FLAT"], "unknown terrain 'FLAT'. Did you mean 'flat'?"),
        (["run", "--seed-program", "b\udcff.py"], "must be UTF-8 text"),
        (["run", "--minutes", "nan"], "minutes: Input should be a finite number"),
        (["run", "--workers", "2000"], "workers: Input should be less than or equal to 1024"),
        (["run", "--terrain", "flt"], "unknown terrain 'flt'. Did you mean 'flat'?"),
        (["run", "--seed-program", "sqare"], "Did you mean 'square'?"),
        (["run", "--seed-program", "nowhere.py"], "nowhere.py"),
        (["run", "--sandbox", "wsm"], "unknown sandbox 'wsm'. Did you mean 'wasm'?"),
        (["run", "--minutes", "-3"], "minutes: Input should be greater than 0"),
        (["run", "--evaluatons", "5"], "--evaluations"),
        (["run", "missing.toml"], "cannot read the experiment missing.toml"),
        (["run", "no_such_file.py:Problem"], "there is no Python file no_such_file.py"),
        (["run", "--resume", "nowhere"], "there is no run in nowhere"),
        (["run", "--resume", "a", "--out", "b"], "exclude each other"),
        (["show", "nowhere"], "there is no run in nowhere"),
        (["elites", "nowhere", "--json"], "there is no run in nowhere"),
        (["verify", "nowhere"], "there is no run in nowhere"),
        (["report", "nowhere"], "there is no run in nowhere"),
        (["gif", "nowhere"], "there is no run in nowhere"),
        (["exec", "nowhere.py"], "cannot read nowhere.py"),
        (["simulate", "nowhere.py"], "cannot read nowhere.py"),
        (["simulate", "nowhere.json"], "cannot read nowhere.json"),
        (["reprot"], "report"),
    ],
)
def test_bad_input_is_explained(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = ulmus(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_toml_file_is_an_experiment_and_options_win_over_it(tmp_path: Path) -> None:
    file = tmp_path / "toy.toml"
    file.write_text(
        f'problem = "{TOYS}:ToyProblem"\nsandbox = "{TOYS}:ToySandbox"\nseed = 3\nevaluations = 40\n'
        f'workers = 0\n[operators]\n"{TOYS}:ToyOperator" = 1.0\n[options]\nstart = "(0.9, 0.9)"\n'
    )
    done = ulmus("run", file, "--seed", 4, "--out", tmp_path / "run", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["seed"], result["evaluations"]) == (4, 40)
    first = json.loads(ulmus("elites", tmp_path / "run", "--json").stdout.splitlines()[-1])
    assert first["measures"][0] > 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = ", "not valid TOML"),
        ("sed = 1", "unknown key 'sed'. Did you mean 'seed'?"),
        ('seed = "one"', "seed: Input should be a valid integer"),
        (
            '[options]\nterain = "flat"',
            "unknown option of problem sodarace 'terain'. Did you mean 'terrain'?",
        ),
        ("batch_size = 0", "batch_size: Input should be greater than or equal to 1"),
        ("seed = true", "seed: Input should be a valid integer, got True"),
        ("problem = 3", "problem: Input should be a valid string, got 3"),
        ("options = []", "options: Input should be a valid dictionary"),
        ("operators = {}", "a run needs at least one operator"),
        ('[operators]\nsyntax = "0.8"', "operators.syntax: Input should be a valid number"),
        ("[options]\nseconds = true", "seconds: Input should be a valid number, got True"),
        ("[options]\nseconds = nan", "seconds must be in (0, 3600], not nan"),
        ("[options]\nterrain = 1979-05-27", "options.terrain"),
        ("[options]\nbins = [12, 12, 12.5]", "bins.2: Input should be a valid integer"),
        ("a = " + 5000 * "[", "nested too deeply"),
        ('"" = 1', "unknown key ''"),
    ],
)
def test_a_bad_toml_file_is_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    done = ulmus("run", "bad.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr


def test_toml_from_windows_is_read(tmp_path: Path) -> None:
    from ulmus.config import read_config

    file = tmp_path / "EXPERIMENT.TOML"
    file.write_bytes(b"\xef\xbb\xbfseed = 9\r\noptions = { bins = [3, 4, 5], seconds = 2 }\r\n")
    assert read_config(file, {}).seed == 9
    done = ulmus("run", file, "--evaluations", "0", cwd=tmp_path)
    assert "'--evaluations'" in done.stderr


def test_json_has_the_documented_keys_and_only_json_on_the_last_line(tmp_path: Path) -> None:
    done = ulmus("run", *TOY_OPTIONS, "--evaluations", 100, "--out", tmp_path / "run", "--json")
    result = json.loads(done.stdout)
    assert set(result) == {
        "run", "evaluations", "evaluations_per_s", "cells", "qd_score", "best_fitness", "valid_share", "seed",
    }  # fmt: skip
    adapted = ulmus(
        "run", *TOY_OPTIONS, "--evaluations", 20, "--out", tmp_path / "b", "--adapt", "--json"
    )
    assert set(json.loads(adapted.stdout)) == {*result, "shares"}
    told = ulmus("run", "--resume", tmp_path / "b", "--evaluations", 30)
    assert "shares at the end: " in told.stdout
    lines = ulmus("elites", tmp_path / "run", "--json").stdout.splitlines()
    elites = [json.loads(line) for line in lines]
    assert len(elites) == result["cells"]
    assert [set(elite) for elite in elites] == [
        {"cell", "fitness", "measures", "program", "source"}
    ] * len(elites)
    assert [elite["cell"] for elite in elites] == sorted(elite["cell"] for elite in elites)
    assert sum(elite["fitness"] for elite in elites) == pytest.approx(result["qd_score"])


def test_the_lines_of_progress_say_what_becomes_of_each_operators_children(tmp_path: Path) -> None:
    done = ulmus("run", *TOY_OPTIONS, "--evaluations", 200, "--out", tmp_path / "run")
    last = done.stderr.splitlines()[-1].strip()
    assert re.fullmatch(
        r"toy-move: \d+% valid, \d+% invalid, \d+% duplicate, \d+% refused", last
    ), done.stderr
    assert sum(map(int, re.findall(r"(\d+)%", last))) in range(98, 103)
    assert "200 evaluations" in done.stdout


def test_verify_agrees_and_finds_a_forged_figure(tmp_path: Path) -> None:
    import sqlite3

    folder = tmp_path / "run"
    ulmus("run", *TOY_OPTIONS, "--evaluations", 100, "--out", folder)
    done = ulmus("verify", folder, "--workers", 0, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["different"] == 0
    connection = sqlite3.connect(folder / "run.sqlite")
    with connection:
        connection.execute("UPDATE steps SET fitness = fitness * (1 + 1e-15) WHERE step = 0")
        connection.execute("UPDATE steps SET placement = 0, cell = 99, fitness = 99 WHERE step = 0")
    connection.close()
    forged = ulmus("verify", folder, "--workers", 0)
    assert forged.returncode == 1
    assert "cell 99" in forged.stderr


def test_a_run_whose_seed_is_invalid_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        f'problem = "{TOYS}:ToyProblem"\nsandbox = "{TOYS}:ToySandbox"\n[operators]\n"{TOYS}:ToyOperator" = 1\n'
        '[options]\nstart = "nonsense"\n'
    )
    done = ulmus("run", "bad.toml", "--out", "run", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "none of the seed programs is valid (error)" in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_unwritable_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ulmus("run", *TOY_OPTIONS, "--out", tmp_path / "file" / "run")
    assert done.returncode == 2
    assert "cannot write to the run folder" in done.stderr


def test_importing_ulmus_is_light() -> None:
    code = "import sys, ulmus; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "numba", "wasmtime", "torch", "rich", "pydantic", "PIL", "sqlite3"} & set(
        loaded
    )


def test_help_does_not_load_the_machinery() -> None:
    code = "import sys\nfrom ulmus.cli import main\nprint(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "numba", "wasmtime", "PIL"} & set(loaded)
