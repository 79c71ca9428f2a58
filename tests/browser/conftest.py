"""A real browser for the page; tests that need it are slow and are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start a browser once for all tests."""
    library = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser on this machine (looked for {', '.join(BROWSERS)})")
    with library.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """One look at a page, with everything that went wrong or left the machine."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.refused: dict[str, str] = {}
        self.page.on("requestfailed", lambda r: self.refused.update({r.url: r.failure}))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path) -> Any:
        """Load a file and return the page."""
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("section")
        return self.page


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Return a function that opens a file with given browser options."""
    visits: list[Visit] = []

    def start(file: Path, **options: Any) -> Visit:
        visits.append(Visit(browser, **options))
        visits[-1].open(file)
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
