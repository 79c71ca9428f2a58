"""The bug-repair study: operators whose success is known in advance, through the real sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ulmus.cli.main import main
from ulmus.errors import ConfigError
from ulmus.models.scripted import ScriptedModel
from ulmus.operators.base import Operator
from ulmus.operators.rewrite import Rewrite
from ulmus.problems.parity import Parity
from ulmus.records import Program, Proposal
from ulmus.study import repair
from ulmus.study.shares import Share
from ulmus.study.subjects import subject

NOTHING_RUNS = f"{Path(__file__).parents[1] / 'support' / 'toys.py'}:ToySandbox"
RIGHT = Parity(bugs=0).seeds()[0].source.removeprefix("def")
WRONG = RIGHT.replace("% 2", "% 3")


class Scripted:
    """Proposes the texts of a list in turn; None is a refusal."""

    name = "scripted"
    identity = "scripted/1"
    arity = 1
    replayable = False

    def __init__(self, texts: list[str | None]) -> None:
        self.texts = texts
        self.asked = 0

    def propose(self, parents, rngs):  # type: ignore[no-untyped-def]
        return [self._propose(pair[0]) for pair in parents]

    def _propose(self, parent: Program) -> Proposal:
        text = self.texts[self.asked % len(self.texts)]
        self.asked += 1
        if text is None:
            return Proposal(self.name, (parent.hash,), None, refusal="no idea")
        return Proposal(self.name, (parent.hash,), Program(text))


def one_cell(operator: Operator, num_samples: int, bugs: int = 3) -> repair.Cell:
    (cell,) = repair.study(operator, repair.plan(["parity"], [bugs]), num_samples)
    return cell


def test_the_figures_of_known_children() -> None:
    parent = Parity(bugs=3).seeds()[0].source
    texts = ["def" + RIGHT, parent, None, "def f(:", "def" + WRONG]
    cell = one_cell(Scripted(texts), 200)
    assert cell.solved == Share(40, 200)
    assert cell.valid == Share(120, 200)
    figures = cell.as_json()
    assert figures["refused"] == figures["unchanged"] == 40
    assert figures["refusals"] == {"no idea": 40}
    assert figures["distinct"] == 4
    kept = list(repair.children([cell]))
    assert {(child["count"], child["fitness"]) for child in kept} == {
        (40, 1.0),
        (40, 0.0),
        (40, None),
        (40, 5 / 16),
    }


def test_equal_children_are_run_once_also_across_numbers_of_bugs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []
    start = repair.Evaluator.start

    def spy(self, programs):  # type: ignore[no-untyped-def]
        sent.extend(program.hash for program in programs)
        return start(self, programs)

    monkeypatch.setattr(repair.Evaluator, "start", spy)
    cells = repair.study(
        Scripted(["def" + RIGHT, "def" + WRONG]), repair.plan(["parity"], None), 90
    )
    assert [cell.solved for cell in cells] == [Share(45, 90)] * 5
    assert len(sent) == 2


def test_a_model_is_told_that_bugs_were_fixed() -> None:
    prompts = []
    model = ScriptedModel(lambda prompt: prompts.append(prompt.text) or RIGHT)
    operator = Rewrite(model, {"Something else.": 1.0})
    cells = repair.study(operator, repair.plan(["parity"], [5]), 3)
    assert cells[0].solved == Share(3, 3)
    assert all("\n# Fixed bugs.\n" in prompt for prompt in prompts)
    summary = repair.summary(operator, cells, 3, 0)
    assert summary["message"] == "Fixed bugs."
    assert "Fixed bugs." in cells[0].identity


def test_the_same_seed_gives_the_same_figures() -> None:
    plan = repair.plan(["quadratic"], [1])
    first, again, other = (
        repair.study(subject("node"), plan, 30, seed=seed)[0] for seed in (1, 1, 2)
    )
    assert first.proposals == again.proposals
    assert first.as_json() == again.as_json()
    assert first.proposals != other.proposals
    longer = repair.study(subject("node"), plan, 80, seed=1, sandbox=NOTHING_RUNS)[0]
    assert longer.proposals[:30] == first.proposals


def test_node_mutation_has_a_rate_per_task() -> None:
    drawn = {}
    for task, bugs in (("parity", 1), ("quadratic", 1)):
        plan = repair.plan([task], [bugs])
        (cell,) = repair.study(subject("node"), plan, 300, sandbox=NOTHING_RUNS)
        drawn[task] = cell.refusals.get("no node was drawn", 0) / 300
    assert drawn["parity"] == pytest.approx((1 - 0.3) ** 6, abs=0.07)
    assert drawn["quadratic"] == pytest.approx((1 - 0.15) ** 11, abs=0.07)
    plan = repair.plan(["parity"], [1])
    (cell,) = repair.study(subject("node"), plan, 50, rate=1.0, sandbox=NOTHING_RUNS)
    assert cell.refusals == {}


def test_the_plan() -> None:
    plan = repair.plan(["quadratic", "parity"], None)
    assert [(p.name, p.bugs) for p in plan] == [
        ("quadratic", 1),
        ("quadratic", 2),
        *[("parity", bugs) for bugs in range(1, 6)],
    ]
    assert [(p.name, p.bugs) for p in repair.plan(["quadratic", "parity"], [2, 4])] == [
        ("quadratic", 2),
        ("parity", 2),
        ("parity", 4),
    ]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 1000, 0.0, 0.0038268), (1, 10, 0.0178762, 0.4041500), (5, 10, 0.2365931, 0.7634069)],
)
def test_wilson_intervals(count: int, total: int, low: float, high: float) -> None:
    # From the closed form, evaluated with 30 digits.
    assert Share(count, total).interval == pytest.approx((low, high), abs=1e-7)
    mirrored = Share(total - count, total).interval
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-7)


def test_an_interval_of_nothing_says_nothing() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ulmus.cli.main", "study", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


MODEL = f"""
from ulmus.models.scripted import ScriptedModel

class Fixer(ScriptedModel):
    def __init__(self):
        super().__init__([{RIGHT!r}, {WRONG!r}])
"""


def test_the_command_with_a_model_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "fixer.py").write_text(MODEL, "utf-8")
    done = run(
        "repair", "--operator", "rewrite", "--model", "fixer.py:Fixer", "-n", 40, "--tasks", "parity",
        "--bugs", "4,5", "--workers", 0, "--json", "--out", "figures", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["operator"], result["samples"], result["seed"]) == ("rewrite", 40, 0)
    assert list(result["success"]["parity"]) == ["4", "5"]
    solved = result["success"]["parity"]["5"]["solved"]
    assert 0 < solved["low"] < solved["share"] < solved["high"] < 1
    assert json.loads((tmp_path / "figures" / "study.json").read_text()) == result
    lines = (tmp_path / "figures" / "children.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["count"] for line in lines) == 80


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--operator", "nod"], "Did you mean 'node'?"),
        (["--operator", "nonsense"], "Known: crossover, diff, node, rewrite, sample, syntax"),
        (["--operator", "crossover"], "an operator with one parent"),
        (["--operator", "rewrite"], "name one with --model"),
        (["--operator", "syntax", "--model", "x"], "has no model"),
        (["--operator", "node", "--tasks", "party"], "Did you mean 'parity'?"),
        (["--operator", "node", "--bugs", "9"], "parity has 1 to 5, quadratic has 1 to 2"),
        (["--operator", "node", "--bugs", "a"], "expected numbers such as 1,2,3"),
        (["--operator", "node", "--rate", "2"], "must be in (0, 1]"),
        (["--operator", "node", "-n", "0"], "'-n'"),
        (["--operator", "node", "--out", "."], "exists already"),
    ],
)
def test_bad_options_are_explained(
    tmp_path: Path,
    options: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ulmus", "study", "repair", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_messages_are_for_operators_that_take_them() -> None:
    class Told(Scripted):
        def with_messages(self, messages: Mapping[str, float]) -> Operator:
            assert messages == {"Fixed bugs.": 1.0}
            return Scripted(["def" + RIGHT])

    assert one_cell(Told(["def" + WRONG]), 2).solved == Share(2, 2)


def test_one_parent_is_needed() -> None:
    with pytest.raises(ConfigError, match="has two"):
        subject("crossover")
