"""The report is one file that shows a run, needs no network and runs nobody else's script."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_run import CHILD, GRANDCHILD, NOTE, OTHER, SEED, bodies, make_run

from ulmus.errors import RunFormatError, RunWriteError
from ulmus.records import Program
from ulmus.runs.log import RunLog
from ulmus.viewer.pages import distinct, overview, ranked_champions, run_page
from ulmus.viewer.report import SCRIPTS, bundle, static, write_report
from ulmus.viewer.scenes import PlainView, no_bodies, view_of


class Reader(HTMLParser):
    """Collects elements, attributes and the text of scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    with RunLog.open_read_only(make_run(tmp_path / "run")) as opened:
        yield opened


@pytest.fixture
def html(log: RunLog, tmp_path: Path) -> str:
    file = write_report(log, view_of(log.manifest), bodies, tmp_path / "report.html")
    return file.read_text(encoding="ascii")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_page_has_two_scripts_and_loads_nothing(html: str) -> None:
    reader = read(html)
    assert [tag for tag in reader.tags if tag == "script"] == ["script", "script"]
    assert "img" not in reader.tags
    loading = {"src", "href", "srcset", "action", "data", "poster", "background"}
    links = [(name, value) for name, value in reader.attributes if name in loading]
    assert links == [("href", "data:,")]
    style = re.search(r"<style>(.*)</style>", html, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert not re.findall(r"\b(?:fetch|XMLHttpRequest|WebSocket|import)\(", bundle())


def test_what_programs_say_stays_text(html: str) -> None:
    raw = read(html).scripts[0]
    assert not set("<>&") & set(raw)
    page = json.loads(raw)
    lines = page["sources"]["lines"]
    text = "\n".join(lines[k] for k in page["sources"]["texts"][GRANDCHILD.hash])
    assert text == GRANDCHILD.source
    assert page["descent"][-1]["note"] == f"note {NOTE}"


def test_the_page_holds_the_run(log: RunLog) -> None:
    page = run_page(log, view_of(log.manifest), bodies)
    figures = page["figures"]
    assert figures["evaluations"] == 8
    assert figures["cells"] == 3
    assert figures["num_cells"] == 1728
    assert figures["best_fitness"] == 41.75
    assert figures["qd_score"] == 65.25
    assert figures["valid_share"] == 5 / 8
    assert figures["elapsed_s"] == 1.5
    assert [elite["program"] for elite in page["elites"]] == [
        GRANDCHILD.hash,
        CHILD.hash,
        OTHER.hash,
    ]
    assert set(page["bodies"]) == {program.hash for program in (SEED, CHILD, GRANDCHILD, OTHER)}
    syntax = next(row for row in page["operators"] if row["name"] == "syntax")
    assert (syntax["proposals"], syntax["refused"], syntax["duplicate"]) == (6, 1, 1)
    assert syntax["reasons"] == [["error: NameError <b>", 1], ["no place to edit", 1]]
    assert page["parts"]["sandbox"] == pytest.approx(0.6)
    assert [point[0] for point in page["curve"]] == list(range(1, 9))


def test_the_descent_goes_from_the_seed_to_the_champion(log: RunLog) -> None:
    steps = run_page(log, view_of(log.manifest), bodies)["descent"]
    assert [step["program"] for step in steps] == [SEED.hash, CHILD.hash, GRANDCHILD.hash]
    assert [step["fitness"] for step in steps] == [1.25, 20.5, 41.75]
    assert {sign for sign, _, _ in steps[0]["diff"]} == {"+"}
    assert ["-", 1, "# the seed"] in steps[1]["diff"]
    assert ["+", 1, "# a child"] in steps[1]["diff"]


def test_a_problem_without_pictures_still_has_a_report(tmp_path: Path) -> None:
    for measures in (1, 2):
        with RunLog.open_read_only(
            make_run(tmp_path / f"r{measures}", problem="other", measures=measures)
        ) as log:
            view = view_of(log.manifest)
            assert view == PlainView()
            page = run_page(log, view, no_bodies)
            assert page["world"] is None
            assert page["bodies"] == {}
            assert len(page["elites"]) == 3
            write_report(log, view, no_bodies, tmp_path / f"{measures}.html")


def test_an_empty_run_has_a_report(tmp_path: Path) -> None:
    from fake_run import MEASURES

    manifest = {
        "measures": [vars(measure) for measure in MEASURES],
        "config": {"problem": "sodarace"},
    }
    RunLog.create(tmp_path / "empty", manifest).close()
    with RunLog.open_read_only(tmp_path / "empty") as log:
        page = run_page(log, view_of(log.manifest), bodies)
        assert page["elites"] == page["descent"] == page["curve"] == []


def test_a_run_without_measures_is_named(tmp_path: Path) -> None:
    RunLog.create(tmp_path / "bare", {"config": {}}).close()
    with (
        RunLog.open_read_only(tmp_path / "bare") as log,
        pytest.raises(RunFormatError, match="measures"),
    ):
        run_page(log, PlainView(), no_bodies)


def test_an_unwritable_file_is_named(log: RunLog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunWriteError, match="cannot write the report"):
        write_report(log, PlainView(), no_bodies, tmp_path / "file" / "report.html")


def test_best_walkers_come_from_regions_that_lie_apart(log: RunLog) -> None:
    view = overview(log)
    from fake_run import MEASURES

    ranked = ranked_champions(view)
    assert [step.fitness for step in ranked] == [41.75, 20.5, 3.0]
    assert distinct(ranked, MEASURES, 2) == ranked[:2]
    assert distinct(ranked, MEASURES, 12) == ranked


def test_bodies_beyond_the_budget_are_left_out(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ulmus.viewer.pages.BODY_BUDGET_BYTES", 400)
    page = run_page(log, view_of(log.manifest), bodies)
    assert set(page["bodies"]) < {SEED.hash, CHILD.hash, GRANDCHILD.hash, OTHER.hash}
    assert SEED.hash in page["bodies"]
    assert page["num_bodies_left_out"] > 0


def test_a_program_that_returns_no_walker_has_no_picture(log: RunLog) -> None:
    page = run_page(log, view_of(log.manifest), lambda sources: [{"joints": []}] * len(sources))
    assert page["bodies"] == {}
    assert len(page["elites"]) == 3


def test_the_scripts_are_complete_and_in_order() -> None:
    names: list[str] = []
    for name in SCRIPTS:
        text = static(name)
        for module in re.findall(r'^import .* from "\./(.*)";', text, re.MULTILINE):
            assert SCRIPTS.index(module) < SCRIPTS.index(name)
        names += re.findall(
            r"^(?:export )?(?:function|class|const|let) \[?(\w+)", text, re.MULTILINE
        )
    assert len(names) == len(set(names)), (
        "two modules share a name; they share one scope in the page"
    )
    assert not re.search(r"^(import|export) ", bundle(), re.MULTILINE)


def test_texts_of_one_family_share_their_lines(log: RunLog) -> None:
    sources = run_page(log, PlainView(), no_bodies)["sources"]
    assert len(sources["lines"]) == len(set(sources["lines"]))
    assert {
        Program("\n".join(sources["lines"][k] for k in text)).hash
        for text in sources["texts"].values()
    } == set(sources["texts"])
