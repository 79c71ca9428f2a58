"""The figure of the study holds every number that it is given, and is well-formed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from ulmus.study.shares import Share

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "study_figure.py"


def figures(counts: dict[str, list[int]], total: int) -> str:
    success = {
        task: {str(k + 1): {"solved": Share(n, total).as_json()} for k, n in enumerate(row)}
        for task, row in counts.items()
    }
    return json.dumps({"operator": "x", "samples": total, "success": success})


def test_table_and_figure(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(figures({"parity": [200, 0], "quadratic": [7]}, 1000))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), f"a <b> & c={tmp_path}", "--svg", str(tmp_path / "x.svg")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    row = next(line for line in done.stdout.splitlines() if line.startswith("| a <b>"))
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells == ["20 (18–23)", "0 (0–0.38)", "–", "–", "–", "0.7 (0.34–1.4)", "–"]
    assert "| paper: GP | ~0.47 | ~0.07 | ~0.016 | ~0.004 | 0 |" in done.stdout
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "a <b> & c (n = 1,000)" in words
    marks = [node.get("fill") for node in root.iter() if node.get("stroke") == "#0f766e"]
    assert marks.count("#fff") == 1, "no success is an open mark"
