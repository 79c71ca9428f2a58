"""The report in a real browser: it works, offline, on a phone, and runs nobody else's script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_run import GRANDCHILD, NOTE, bodies, make_run

from ulmus.runs.log import RunLog
from ulmus.viewer.report import write_report
from ulmus.viewer.scenes import no_bodies, view_of

pytestmark = pytest.mark.slow
PAINTED = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
PIXELS = "canvas => canvas.toDataURL()"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with RunLog.open_read_only(make_run(tmp_path / "run")) as log:
        return write_report(log, view_of(log.manifest), bodies, tmp_path / "report.html")


def test_the_page_is_complete_and_leaves_the_machine_alone(
    visit: Callable[..., Any], file: Path
) -> None:
    seen = visit(file)
    titles = [title.inner_text() for title in seen.page.locator("h2").all()]
    assert titles[:3] == ["The map", "The film of descent", "The best walkers"]
    assert len(titles) == 7
    assert "41.8" in seen.page.locator(".figures").inner_text()
    assert seen.page.locator(".heat .cell").count() == 3
    assert seen.errors == []
    assert seen.requests == [file.as_uri()]


def test_hostile_programs_and_notes_are_only_text(visit: Callable[..., Any], file: Path) -> None:
    seen = visit(file)
    assert seen.page.evaluate("window.hacked") is None
    assert seen.page.locator("main img, main script").count() == 0
    source = seen.page.locator(".detail .source").text_content()
    assert source.rstrip("\n") == GRANDCHILD.source.rstrip("\n")
    assert NOTE.split(" ")[0] in seen.page.locator(".film-words .note").text_content()
    seen.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 3';"
        " document.body.append(s); const i = new Image(); i.src = 'https://example.invalid/x.png'; }"
    )
    assert seen.page.evaluate("window.hacked") is None
    seen.page.wait_for_timeout(200)
    assert seen.refused == {"https://example.invalid/x.png": "csp"}
    assert any("Content Security Policy" in error for error in seen.errors)


def test_walkers_walk_and_stop(visit: Callable[..., Any], file: Path) -> None:
    page = visit(file).page
    stage = page.locator(".detail canvas")
    stage.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert stage.evaluate(PAINTED) > 10
    first = stage.evaluate(PIXELS)
    page.wait_for_timeout(400)
    assert stage.evaluate(PIXELS) != first
    page.locator(".detail .play").click()
    page.wait_for_timeout(100)
    still = stage.evaluate(PIXELS)
    page.wait_for_timeout(300)
    assert stage.evaluate(PIXELS) == still


def test_a_reader_who_wants_calm_gets_it(visit: Callable[..., Any], file: Path) -> None:
    page = visit(file, reduced_motion="reduce").page
    stage = page.locator(".detail canvas")
    stage.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    still = stage.evaluate(PIXELS)
    page.wait_for_timeout(300)
    assert stage.evaluate(PIXELS) == still
    assert page.locator(".detail .play").inner_text() == "Play"


def test_cells_are_chosen_by_mouse_and_keyboard(visit: Callable[..., Any], file: Path) -> None:
    page = visit(file).page
    cells = page.locator(".heat .cell")
    chosen = cells.nth(0)
    chosen.click()
    number = chosen.get_attribute("data-cell")
    assert f"Cell {number}" in page.locator(".detail h3").inner_text()
    chosen.hover()
    assert f"cell {number}" in page.locator(".tip").inner_text()
    cells.nth(1).focus()
    page.keyboard.press("Enter")
    assert (
        f"Cell {cells.nth(1).get_attribute('data-cell')}" in page.locator(".detail h3").inner_text()
    )


def test_a_slice_shows_its_bin_only(visit: Callable[..., Any], file: Path) -> None:
    page = visit(file).page
    buttons = page.locator(".strip button")
    assert buttons.count() == 13
    buttons.nth(12).click()
    assert page.locator(".heat .cell").count() == 1
    buttons.nth(0).click()
    assert page.locator(".heat .cell").count() == 3


def test_the_film_goes_through_the_generations(visit: Callable[..., Any], file: Path) -> None:
    page = visit(file).page
    title = page.locator(".film-words h3")
    assert "Generation 2 of 2" in title.inner_text()
    page.locator("[aria-label='generation before']").click()
    assert "Generation 1 of 2" in title.inner_text()
    assert page.locator(".film-diff .removed").first.text_content().endswith("# the seed\n")
    page.locator(".film input").fill("0")
    assert "Generation 0 of 2" in title.inner_text()
    assert page.locator(".film-diff .removed").count() == 0
    page.locator(".film .primary").click()
    page.locator(".film-words h3", has_text="Generation 1 of 2").wait_for(timeout=15_000)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out(visit: Callable[..., Any], file: Path, width: int) -> None:
    page = visit(file, viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    visit: Callable[..., Any], file: Path, scheme: str
) -> None:
    page = visit(file, color_scheme=scheme).page
    ink, paper = page.evaluate(
        "['color', 'backgroundColor'].map(k => getComputedStyle(document.body)[k].match(/\\d+/g).map(Number))"
    )
    assert (sum(ink) < sum(paper)) is (scheme == "light")
    for name in ("--soft", "--accent", "--comment", "--key", "--string", "--digits"):
        colour = page.evaluate(
            f"getComputedStyle(document.documentElement).getPropertyValue('{name}').trim()"
        )
        assert contrast(colour, paper) >= 4.5, name


def contrast(colour: str, paper: list[int]) -> float:
    """Return the contrast ratio of WCAG 2 of a #rrggbb colour on a paper."""

    def light(values: list[int]) -> float:
        shares = [value / 255 for value in values]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    first, second = light([int(colour[k : k + 2], 16) for k in (1, 3, 5)]), light(paper)
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


@pytest.mark.parametrize("measures", [1, 2])
def test_a_problem_without_walkers_shows_programs(
    visit: Callable[..., Any], tmp_path: Path, measures: int
) -> None:
    folder = make_run(tmp_path / "run", problem="other", measures=measures)
    with RunLog.open_read_only(folder) as log:
        file = write_report(log, view_of(log.manifest), no_bodies, tmp_path / "report.html")
    seen = visit(file)
    assert seen.errors == []
    assert seen.page.locator("canvas.stage").count() == 0
    assert seen.page.locator(".detail .source").count() == 1
    assert seen.page.locator("h2").nth(2).inner_text() == "The best programs"
