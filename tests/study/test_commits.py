"""The study of real bugs: which commits are asked about, and which children count."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ulmus.cli.main import main
from ulmus.errors import ConfigError, DataFormatError
from ulmus.mining.sample import Sample, write_edits
from ulmus.models.scripted import ScriptedModel
from ulmus.operators.base import Operator
from ulmus.operators.rewrite import Rewrite
from ulmus.records import Program, Proposal
from ulmus.study import commits
from ulmus.study.shares import Share
from ulmus.study.subjects import subject

BEFORE = "def add(a, b):\n    total = a - b\n    return total"
AFTER = BEFORE.replace("-", "+")


def sample(**changes: object) -> Sample:
    values: dict[str, object] = {
        "before": BEFORE,
        "after": AFTER,
        "message": "Fix the sum",
        "path": "m.py",
        "repo": "o/n",
        "family": "f",
        "split": "test",
        "kind": "fix",
        "licence": "MIT",
        "commit_time": 1,
        "level": "func",
    }
    return Sample(**{**values, **changes})  # type: ignore[arg-type]


METHOD = sample(
    before="    def m(self):\n        return self.a",
    after="    def m(self):\n        return self.b",
    message="Return b",
    level="method",
)
OTHERS = [
    sample(kind="add"),
    sample(split="train"),
    sample(level="mini"),
    sample(after=BEFORE.replace("total", "difference")),
    sample(after="def add(:"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    write_edits(tmp_path / "data" / "edits.jsonl.gz", [OTHERS[0], sample(), *OTHERS[1:], METHOD])
    return tmp_path / "data"


class Told:
    """Proposes, for each message, the text that it was given; a message that it lacks is refused."""

    name = "told"
    identity = "told/1"
    arity = 1
    replayable = False

    def __init__(self, texts: dict[str, str], message: str = "") -> None:
        self.texts = texts
        self.message = message

    def with_messages(self, messages: dict[str, float]) -> Operator:
        (message,) = messages
        return Told(self.texts, message)

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        return [self._propose(pair[0]) for pair in parents]

    def _propose(self, parent: Program) -> Proposal:
        text = self.texts.get(self.message)
        child = None if text is None else Program(text)
        refusal = "no idea" if text is None else None
        return Proposal(self.name, (parent.hash,), child, refusal)


def figures(data: Path, texts: dict[str, str], num_samples: int = 2) -> dict[str, int]:
    attempts = commits.study(Told(texts), data, num_samples)
    assert len(attempts) == num_samples
    return {name: share.count for name, share in commits.shares(attempts).items()}


def test_only_held_out_fixes_of_one_function_are_asked_about() -> None:
    found = commits.held_out([*OTHERS, sample(), METHOD])
    assert [(fix.message, fix.parent.source) for fix in found] == [
        ("Fix the sum", BEFORE + "\n"),
        ("Return b", METHOD.before + "\n"),
    ]


@pytest.mark.parametrize(
    ("child", "counts"),
    [
        (AFTER, (1, 1, 1, 1)),
        (AFTER.replace("total", "x") + "  # the sum\n\n", (1, 1, 1, 1)),
        ("def add(a, b):\n    return a + b", (1, 1, 1, 0)),
        (BEFORE, (1, 1, 0, 0)),
        (BEFORE.replace("total", "x"), (1, 1, 0, 0)),
        ("def add(a, b:", (1, 0, 0, 0)),
    ],
)
def test_which_children_count(data: Path, child: str, counts: tuple[int, ...]) -> None:
    assert tuple(figures(data, {"Fix the sum": child}).values()) == counts


def test_each_commit_is_asked_with_its_message_and_as_often_as_the_others(data: Path) -> None:
    texts = {"Fix the sum": AFTER, "Return b": METHOD.after}
    assert figures(data, texts, 5) == dict.fromkeys(("applies", "parses", "differs", "fixed"), 5)
    attempts = commits.study(Told({}), data, 5)
    asked = [attempt.fix.message for attempt in attempts]
    assert sorted((asked.count("Fix the sum"), asked.count("Return b"))) == [2, 3]
    assert commits.study(Told({}), data, 1)[0].fix == attempts[0].fix


def test_the_summary(data: Path) -> None:
    told = Told({"Fix the sum": AFTER})
    attempts = commits.study(told, data, 4, seed=3)
    found = commits.summary(told, data, attempts, 3)
    assert {key: found[key] for key in ("operator", "commits", "samples", "seed")} == {
        "operator": "told",
        "commits": 2,
        "samples": 4,
        "seed": 3,
    }
    assert found["fixed"] == Share(2, 4).as_json()
    assert (found["commits_fixed"], found["refusals"]) == (1, {"no idea": 2})


def test_operators_without_a_message_are_studied_too(data: Path) -> None:
    first, again = (commits.study(subject("syntax"), data, 40) for _ in range(2))
    assert [a.proposal for a in first] == [a.proposal for a in again]
    shares = commits.shares(first)
    assert shares["applies"].count >= shares["differs"].count > 0


def test_a_model_reads_the_message_of_the_commit(data: Path) -> None:
    prompts = []
    model = ScriptedModel(lambda prompt: prompts.append(prompt.text) or AFTER.removeprefix("def"))
    attempts = commits.study(Rewrite(model), data, 2)
    assert sorted(a.fixed for a in attempts) == [False, True]
    assert "\n# Fix the sum\n" in prompts[0]


def test_data_without_such_a_commit(tmp_path: Path) -> None:
    write_edits(tmp_path / "edits.jsonl.gz", OTHERS)
    with pytest.raises(ConfigError, match="holds no commit to study"):
        commits.study(Told({}), tmp_path, 1)


def test_data_that_cannot_be_read(data: Path, tmp_path: Path) -> None:
    file = data / "edits.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-20])
    for place in (data, tmp_path / "nowhere"):
        with pytest.raises(DataFormatError):
            commits.study(Told({}), place, 1)


def test_the_command(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--operator", "node", "--rate", "0.5", "-n", "30", "--json"]
    out = ["--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["ulmus", "study", "commits", str(data), *options, *out])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["operator"], result["samples"], result["commits"]) == ("node", 30, 2)
    assert "rate=0.5" in result["identity"]
    assert json.loads((tmp_path / "out" / "study.json").read_text()) == result
    lines = (tmp_path / "out" / "children.jsonl").read_text().splitlines()
    children = [json.loads(line) for line in lines]
    assert len(children) == 30
    assert sum(child["fixed"] for child in children) == result["fixed"]["count"]
