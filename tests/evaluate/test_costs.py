"""What servers were asked is counted over all processes, kept in the run, and can end it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from fake_server import serving, text
from typer.testing import CliRunner

from ulmus.cli.main import app
from ulmus.config import validated
from ulmus.errors import ConfigError, RunFormatError
from ulmus.experiment import budget_of
from ulmus.models import meter
from ulmus.records import NO_USAGE, Usage
from ulmus.runs.log import RunLog

EDIT = "<<<<<<< SEARCH\n    return wc.get_walker()\n=======\n    return None\n>>>>>>> REPLACE\n"


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def told(*arguments: object) -> dict:
    return json.loads(invoke(*arguments, "--json").splitlines()[-1])


def run_at(url: str, folder: Path, *more: object) -> dict:
    model = f"{url.replace('http', 'http+chat', 1)}#toy"
    return told(
        "run", "sodarace", "--operators", "diff=0.5,syntax=0.5", "--model", model,
        "--out", folder, "--batch-size", 16, *more,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_knows_what_it_asked_in_every_process(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "run"
    with serving(lambda body, _: text(EDIT, chat=True)) as (url, requests):
        first = run_at(url, folder, "--evaluations", 40, "--workers", workers)
        asked = len(requests)
        assert asked > 5
        assert first["usage"] == asdict(Usage(asked, 0, asked, 0, 0, 7 * asked, 3 * asked))
        both = told("run", "--resume", folder, "--evaluations", 80, "--workers", workers)
        asked = len(requests)
    assert both["usage"] == asdict(Usage(asked, 0, asked, 0, 0, 7 * asked, 3 * asked))
    with RunLog.open_read_only(folder) as log:
        assert asdict(log.usage) == both["usage"]
        assert all("usage" not in clock.parts_s for clock in log.clocks())
    assert f"servers: {asked:,} requests, {7 * asked:,} tokens read" in invoke("show", folder)
    invoke("report", folder, "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert f'"server_requests":{asked}' in page.replace(" ", "")


def test_a_run_ends_after_so_many_tokens(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(lambda body, _: text(EDIT, chat=True)) as (url, _):
        ended = run_at(url, folder, "--tokens", 200, "--workers", 0)
        again = told("run", "--resume", folder, "--tokens", 200, "--workers", 0)
        more = told("run", "--resume", folder, "--tokens", 500, "--workers", 0)
    used = ended["usage"]["prompt_tokens"] + ended["usage"]["completion_tokens"]
    assert 200 <= used <= 200 + 16 * 10  # what was asked for already is used
    assert again["evaluations"] == ended["evaluations"]
    assert again["usage"] == ended["usage"]
    assert more["usage"]["num_answers"] >= 50


SERVER = "http+chat://localhost:1/v1#toy"


@pytest.mark.parametrize(
    ("config", "ends"),
    [
        ({"operators": {"syntax": 1.0}}, False),
        ({"operators": {"syntax": 0.5, "diff": 0.5}}, False),
        ({"operators": {"syntax": 1.0}, "minutes": 3.0}, True),
        ({"operators": {"diff": 1.0}, "diff": {"model": SERVER}}, True),
        ({"operators": {"syntax": 0.5, f"diff:{SERVER}": 0.5}}, True),
        ({"operators": {"mine.py:Asks": 1.0}}, True),  # who knows
    ],
)
def test_tokens_are_a_budget_only_where_somebody_may_spend_them(config: dict, ends: bool) -> None:
    asked = validated({**config, "tokens": 7}, "a test")
    if ends:
        assert budget_of(asked).tokens == 7
        assert budget_of(asked).seconds == (180.0 if "minutes" in config else None)
    else:
        with pytest.raises(ConfigError, match="never end"):
            budget_of(asked)


def test_a_budget_that_nobody_spends_leaves_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="never end"):
        told("run", "sodarace", "--tokens", 9, "--workers", 0, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_servers_nothing_is_told(tmp_path: Path) -> None:
    done = told("run", "sodarace", "--operators", "syntax", "--evaluations", 20, "--workers", 0,
                "--out", tmp_path / "run")  # fmt: skip
    assert "usage" not in done
    assert "servers" not in invoke("show", tmp_path / "run")
    with RunLog.open_read_only(tmp_path / "run") as log:
        assert log.usage == NO_USAGE


def test_a_run_whose_costs_are_damaged_is_named(tmp_path: Path) -> None:
    with RunLog.create(tmp_path / "run", {}) as log:
        log.append([], replayable={}, elapsed_s=1.0, parts_s={"map": 1.0}, usage=Usage(2))
        assert log.usage == Usage(2)
        log._connection.execute('UPDATE batches SET parts = \'{"usage": {"euros": 1}}\'')
        with pytest.raises(RunFormatError, match="makes no sense"):
            _ = log.usage


def test_usage_adds_up_and_is_told_in_words() -> None:
    one = Usage(1_005, 3, 1_000, 2, 1, 70_000, 3_000)
    assert one + one - one == one
    assert one.tokens == 73_000
    assert str(one) == (
        "1,005 requests (3 of them again), 2 prompts without answer, 70,000 tokens read, "
        "3,000 written; 1 answers not counted"
    )
    before = meter.counted()
    meter.count(one)
    assert meter.counted() - before == one


def test_a_study_tells_what_it_asked() -> None:
    with serving(lambda body, _: text(EDIT, chat=True)) as (url, requests):
        result = CliRunner().invoke(
            app,
            [
                "study", "repair", "--operator", "rewrite", "--tasks", "quadratic", "--bugs", "1",
                "--model", f"{url.replace('http', 'http+chat', 1)}#toy", "-n", "3", "--workers", "0",
            ],
        )  # fmt: skip
        asked = len(requests)
    assert result.exit_code == 0
    assert asked == 3
    assert "servers: 3 requests, 21 tokens read, 9 written" in result.stderr
