"""The report of a pipeline in a real browser: complete, offline, in motion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_pipeline import describe, make_pipeline
from fake_run import bodies

from ulmus.viewer.report import write_pipeline_report
from ulmus.viewer.scenes import no_bodies

pytestmark = pytest.mark.slow
PIXELS = "canvas => canvas.toDataURL()"


def test_the_page_is_complete_and_leaves_the_machine_alone(
    visit: Callable[..., Any], tmp_path: Path
) -> None:
    file = write_pipeline_report(make_pipeline(tmp_path / "p"), bodies, tmp_path / "report.html")
    seen = visit(file)
    titles = [title.inner_text() for title in seen.page.locator("h2").all()]
    assert titles[0] == "Invented for each terrain"
    assert len(titles) == 8
    assert "7 of 7" in seen.page.locator(".figures").inner_text()
    assert seen.page.locator(".maps .heat").count() == 3
    assert seen.page.locator(".crosses table").count() == 2
    assert seen.page.locator(".series").count() == 2
    assert "None of the programs" in seen.page.locator(".ground").nth(0).inner_text()
    assert seen.page.evaluate("window.hacked") is None
    assert seen.errors == []
    assert seen.requests == [file.as_uri()]


def test_invented_walkers_walk(visit: Callable[..., Any], tmp_path: Path) -> None:
    file = write_pipeline_report(make_pipeline(tmp_path / "p"), bodies, tmp_path / "report.html")
    page = visit(file).page
    stage = page.locator(".ground canvas").nth(0)
    stage.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    first = stage.evaluate(PIXELS)
    page.wait_for_timeout(600)
    assert stage.evaluate(PIXELS) != first


def test_a_pipeline_that_has_just_begun_says_so(visit: Callable[..., Any], tmp_path: Path) -> None:
    describe(tmp_path / "p", [("runs", "1-runs/a"), ("conditional", "6-conditional/seed-1")])
    file = write_pipeline_report(tmp_path / "p", no_bodies, tmp_path / "report.html")
    seen = visit(file, viewport={"width": 390, "height": 800})
    text = seen.page.locator("main").inner_text()
    for words in ("0 of 2", "not begun", "No map yet", "Nothing was written for it yet"):
        assert words in text
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not seen.page.evaluate(wide)
    assert seen.errors == []
