"""The report of a pipeline shows what there is, and says what there is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fake_pipeline import describe, make_pipeline, record
from fake_run import GRANDCHILD, bodies

from ulmus.errors import RunFormatError, RunNotFoundError
from ulmus.records import program_hash
from ulmus.viewer.pipeline_pages import pipeline_page
from ulmus.viewer.report import PIPELINE_SCRIPTS, bundle, static, write_pipeline_report
from ulmus.viewer.scenes import no_bodies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_pipeline(tmp_path / "pipeline")


def test_all_parts_are_there(folder: Path) -> None:
    page = pipeline_page(folder, bodies)
    assert {part["state"] for part in page["parts"]} == {"done"}
    assert [found["title"] for found in page["maps"]] == [
        "Data set at 80 %", "As many programs of the data", "Samples of the inventor",
    ]  # fmt: skip
    assert page["maps"][0]["qd_score"] == pytest.approx(44.8)
    assert page["maps"][2]["cells"]


def test_of_steps_that_were_made_twice_the_last_counts_and_torn_lines_do_not(folder: Path) -> None:
    [losses] = pipeline_page(folder, bodies)["losses"]
    assert losses["points"] == [[10, 3.0, 2.5], [20, 1.5, 1.75]]


def test_rewards_and_tables_are_means_with_their_spread(folder: Path) -> None:
    page = pipeline_page(folder, bodies)
    assert page["rewards"]["tunnel"] == [[1, 3.0, 2.0, 4.0], [2, 4.0, 3.0, 5.0]]
    assert page["cross"]["before"]["tunnel"]["tunnel"] == [2.0, 1.0, 3.0]
    assert page["cross"]["after"]["tunnel"]["tunnel"] == [15.0, 10.0, 20.0]
    assert page["cross"]["after"]["tunnel"]["left_wall"] == [1.0, 1.0, 1.0]


def test_the_best_walker_for_each_terrain_of_each_seed_moves_there(folder: Path) -> None:
    page = pipeline_page(folder, bodies)
    invented = [walker for walker in page["walkers"] if walker["origin"].startswith("6-")]
    assert [(one["terrain"], one["origin"], one["score"]) for one in invented] == [
        ("tunnel", "6-conditional/seed-1", 7.0), ("tunnel", "6-conditional/seed-2", 7.0),
    ]  # fmt: skip
    assert {one["program"] for one in invented} == {program_hash(GRANDCHILD.source)}
    assert set(page["worlds"]) == {"tunnel", "flat"}
    assert page["worlds"]["tunnel"]["ground"] != page["worlds"]["flat"]["ground"]
    assert invented[0]["program"] in page["bodies"]
    assert pipeline_page(folder, no_bodies)["bodies"] == {}


def test_what_is_missing_is_empty(tmp_path: Path) -> None:
    tasks = [("runs", "1-runs/a"), ("inventor", "4-inventor"), ("samples", "5-samples"),
             ("conditional", "6-conditional/seed-1")]  # fmt: skip
    describe(tmp_path / "p", tasks)
    record(tmp_path / "p", "runs", "1-runs/a", None)
    page = pipeline_page(tmp_path / "p", no_bodies)
    states = [part["state"] for part in page["parts"]]
    assert states == ["stopped", "not begun", "not begun", "not begun"]
    assert page["maps"] == page["losses"] == page["walkers"] == []
    assert page["rewards"] == page["cross"]["before"] == page["cross"]["after"] == {}
    file = write_pipeline_report(tmp_path / "p", no_bodies, tmp_path / "report.html")
    assert "not begun" in file.read_text("ascii")


def test_what_is_no_pipeline_or_damaged_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no pipeline"):
        pipeline_page(tmp_path / "nothing", bodies)
    (folder / "4-inventor.json").write_text("{")
    with pytest.raises(RunFormatError, match=r"4-inventor\.json is damaged"):
        pipeline_page(folder, bodies)


def test_the_file_is_whole_and_programs_are_only_text(folder: Path, tmp_path: Path) -> None:
    html = write_pipeline_report(folder, bodies, tmp_path / "r.html").read_text("ascii")
    assert len(re.findall("<script", html)) == 2
    assert "hacked" in html  # the text of a hostile program, as data
    assert "<img" not in html
    assert "https://" not in html.replace("http://www.w3.org/2000/svg", "")
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', html)
    assert data is not None
    assert json.loads(data[1])["preset"] == "tiny"


def test_the_modules_of_the_page_do_not_share_names() -> None:
    names = re.findall(r"^(?:function|class|const|let) (\w+)", bundle(PIPELINE_SCRIPTS), re.M)
    assert len(names) == len(set(names))
    imports = re.findall(r'from "\./(\w+\.js)"', static("pipeline.js"))
    assert set(imports) <= set(PIPELINE_SCRIPTS)
