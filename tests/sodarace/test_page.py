"""docs/sodarace.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

from ulmus.problems.sodarace import programs, walker
from ulmus.problems.sodarace.judging import judge

PAGE = (Path(__file__).parents[2] / "docs" / "sodarace.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_program_of_the_page_makes_the_walker_of_the_page(run):
    made, shown = run(blocks("python")[0]), json.loads(blocks("json")[0])
    assert made["joints"] == shown["joints"]
    for muscle, same in zip(made["muscles"], shown["muscles"], strict=True):
        assert muscle[:2] == same[:2]
        assert muscle[2] == pytest.approx(same[2]) if len(same[2]) > 1 else muscle[2] == same[2]
    assert judge(made).status == judge(shown).status == "ok"


def test_the_python_example_prints_what_it_says(capsys):
    source = blocks("python")[1]
    exec(compile(source, "docs/sodarace.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"# (.*)", source)


def test_every_reason_is_on_the_page():
    source = Path(walker.__file__).read_text("utf-8")
    reasons = re.findall(r'_NoWalker\(f?"([^"]*)"\)', source)
    assert len(reasons) >= 20
    for reason in [*reasons, "nothing returned", "not a dict"]:
        shown = re.sub(r"\{(\w+)(:g)?\}", lambda name: f"{getattr(walker, name[1]):g}", reason)
        assert f"`{shown}`" in PAGE


def test_every_seed_and_limit_is_on_the_page():
    assert all(f"`{name}`" in PAGE for name in programs.SEED_NAMES)
    limits = programs.LIMITS
    assert f"{limits.fuel // 10**6} million" in PAGE
    assert f"{limits.memory_bytes >> 20} MiB" in PAGE
    assert f"{limits.output_bytes >> 10} KiB" in PAGE
    assert f"{programs.MAX_SOURCE_BYTES >> 10} KiB" in PAGE
