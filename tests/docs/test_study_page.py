"""docs/study.md shows the JSON of `ulmus study repair` and the rates as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ulmus.study import repair
from ulmus.study.subjects import subject

PAGE = (Path(__file__).parents[2] / "docs" / "study.md").read_text("utf-8")
NOTHING_RUNS = f"{Path(__file__).parents[1] / 'support' / 'toys.py'}:ToySandbox"


def shape(value: object) -> object:
    """Return the keys and types of a value."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def test_the_json_on_the_page_has_the_keys_of_the_command() -> None:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    operator = subject("node")
    cells = repair.study(operator, repair.plan(["parity"], [1]), 40, sandbox=NOTHING_RUNS)
    summary = repair.summary(operator, cells, 40, 0)
    assert shape(json.loads(block.group(1))) == shape(json.loads(json.dumps(summary)))


def test_the_rates_on_the_page_are_those_of_the_study() -> None:
    parity, quadratic = repair.RATES["parity"], repair.RATES["quadratic"]
    assert f"{parity:g} for parity" in PAGE
    assert f"{quadratic:g} is the best for quadratic" in PAGE
