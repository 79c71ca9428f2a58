"""The report: one HTML file with everything in it, which opens without a network.

What a program or an operator wrote is data from an adversary. It travels as JSON that cannot end
its script element, reaches the page as text only, and the page's content security policy runs no
script but our own and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from ulmus.records import Json
from ulmus.runs.log import RunLog
from ulmus.viewer.pages import run_page
from ulmus.viewer.pipeline_pages import pipeline_page
from ulmus.viewer.publish import publish
from ulmus.viewer.scenes import Bodies, ProblemView

SCRIPTS = (
    "dom.js",
    "colour.js",
    "physics.js",
    "stage.js",
    "source.js",
    "heatmap.js",
    "curves.js",
    "tables.js",
    "gallery.js",
    "film.js",
    "main.js",
)
"""The modules of the page of a run, each after those that it imports."""

PIPELINE_SCRIPTS = (
    "dom.js",
    "colour.js",
    "physics.js",
    "stage.js",
    "source.js",
    "heatmap.js",
    "series.js",
    "tables.js",
    "pipeline.js",
)
"""The same of the page of a pipeline."""

_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)


def write_report(log: RunLog, problem: ProblemView, bodies: Bodies, file: Path) -> Path:
    """Write the report of a run and return its file.

    Args:
        log: The run.
        problem: How to show its results, see `ulmus.viewer.scenes.view_of`.
        bodies: Runs programs, to draw what they return.
        file: Where to write; an existing file is replaced.

    Raises:
        RunWriteError: The file cannot be written.
    """
    html = render(run_page(log, problem, bodies))
    return publish(html.encode("ascii"), file, "report")


def write_pipeline_report(folder: Path, bodies: Bodies, file: Path) -> Path:
    """Write the report of a pipeline, done or not, and return its file.

    Args:
        folder: Of the pipeline.
        bodies: Runs programs, to draw what they return.
        file: Where to write; an existing file is replaced.

    Raises:
        RunNotFoundError, RunFormatError: See `pipeline_page`.
        RunWriteError: The file cannot be written.
    """
    html = render(pipeline_page(folder, bodies), PIPELINE_SCRIPTS)
    return publish(html.encode("ascii"), file, "report")


def render(page: dict[str, Json], scripts: Sequence[str] = SCRIPTS) -> str:
    """Return the HTML of a page, ASCII only."""
    script, style = bundle(scripts), static("page.css")
    parts = {
        "title": ascii_html(f"{page['name']} – ulmus"),
        "policy": content_policy(script, style),
        "style": style,
        "data": embedded_json(page),
        "script": script,
    }
    html = static("page.html")
    pieces = re.split(r"\{\{(\w+)\}\}", html)
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def bundle(scripts: Sequence[str] = SCRIPTS) -> str:
    """Return the page's modules as one script, without the imports between them."""
    text = "\n".join(_EXPORT.sub("", _IMPORT.sub("", static(name))) for name in scripts)
    return f"\n{text}"


def static(name: str) -> str:
    """Return one of the page's own files."""
    return (files("ulmus.viewer") / "static" / name).read_text(encoding="ascii")


def embedded_json(value: Json) -> str:
    """Return JSON that may stand inside a script element: ASCII, without "<", ">" or "&"."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def ascii_html(text: str) -> str:
    """Return text for an HTML element; what is not ASCII becomes a reference."""
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return escape(clean).encode("ascii", "xmlcharrefreplace").decode("ascii")


def content_policy(script: str, style: str) -> str:
    """Return a policy under which only this script and this style act, and nothing is loaded."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("ascii")).digest()).decode()
