"""Accepted edits of runs: which steps give one, with which message, and what is held out."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from ulmus.errors import RunFormatError, RunNotFoundError
from ulmus.records import Evaluation, Json, Placement, Program, Proposal, Step
from ulmus.runs.log import RunLog
from ulmus.training.accepted import (
    AIMED,
    PAPER_MESSAGES,
    accepted_edits,
    draw_message,
    edits_of_runs,
    num_changed,
    shares_of_effects,
)


def run_of(folder: Path, steps: list[Step], told: dict[str, Json] | None = None) -> Path:
    with RunLog.create(folder, {"identity": {"seed": 1}, **(told or {})}) as log:
        for batch in sorted({step.batch for step in steps}):
            some = [step for step in steps if step.batch == batch]
            log.append(some, replayable={"syntax": True, "diff": False}, elapsed_s=1.0, parts_s={})
    return folder


def step(
    batch: int, index: int, source: str, parents: tuple[str, ...] = (), *, operator: str = "syntax",
    placement: Placement = Placement.NEW, note: str = "",
) -> Step:  # fmt: skip
    hashes = tuple(Program(parent).hash for parent in parents)
    proposal = Proposal(operator, hashes, Program(source), note=note)
    return Step(batch, index, proposal, Evaluation(1.0, (1.0,)), placement, 0)


SEED = "def make_walker():\n    a = 1\n    return a\n"
CHILD = SEED.replace("a = 1", "a = 2")
GRANDCHILD = CHILD.replace("return a", "return a + 1")


def family(folder: Path) -> Path:
    large = SEED + "\n".join(f"x{n} = {n}" for n in range(40))
    return run_of(
        folder,
        [
            step(0, 0, SEED, operator="seed"),
            step(1, 0, CHILD, (SEED,), note="number: 1 → 2"),
            step(1, 1, SEED + "# kept out", (SEED,), placement=Placement.KEPT_OUT),
            step(2, 0, GRANDCHILD, (CHILD,), operator="diff", note="Return one more"),
            step(2, 1, SEED + "b = 1\n", (SEED, CHILD), operator="crossover",
                 placement=Placement.IMPROVED),
            step(2, 2, large, (CHILD, SEED), operator="crossover"),
        ],
    )  # fmt: skip


def test_every_accepted_step_gives_one_edit_of_its_first_parent(tmp_path: Path) -> None:
    edits = accepted_edits(family(tmp_path / "one"))
    assert [(edit.before, edit.after) for edit in edits] == [
        (SEED, CHILD), (CHILD, GRANDCHILD), (SEED, SEED + "b = 1\n")
    ]  # fmt: skip
    assert {edit.repo for edit in edits} == {"run:one"}
    assert {edit.weight for edit in edits} == {1.0}


def test_a_diff_keeps_its_message_and_others_get_one_of_the_papers(tmp_path: Path) -> None:
    edits = accepted_edits(family(tmp_path / "one"))
    assert edits[1].message == "Return one more"
    assert edits[0].message in PAPER_MESSAGES
    assert edits[0].message == accepted_edits(tmp_path / "one")[0].message


def test_the_messages_of_the_run_name_the_function_that_changed(tmp_path: Path) -> None:
    before = "def near(x):\n    return x\n\n\ndef far(x):\n    return x\n"
    steps = [
        step(0, 0, before, operator="seed"),
        step(1, 0, before.replace("n x\n\n", "n x + 1\n\n"), (before,)),
        step(2, 0, before.replace("n x\n\n", "n x\n\n\n\n").replace("x\n", "x - 1\n"), (before,)),
        step(3, 0, before[:-1] + " * 2\n", (before,)),
        step(4, 0, "y = 1\n" + before, (before,)),
    ]
    told = {"config": {"diff": {"messages": {"Better {function}.": 1.0}}}}
    edits = accepted_edits(run_of(tmp_path / "own", steps, told))
    assert [edit.message for edit in edits] == [
        "Better near.", "Better near.", "Better far.", "Better near."
    ]  # fmt: skip


def test_messages_come_in_the_papers_shares() -> None:
    counts = Counter(draw_message(PAPER_MESSAGES, 1, str(number)) for number in range(3000))
    shares = [counts[message] / 3000 for message in PAPER_MESSAGES]
    assert shares == pytest.approx([0.4, 0.3, 0.3], abs=0.04)


def test_one_change_in_two_runs_counts_once(tmp_path: Path) -> None:
    runs = [family(tmp_path / "one"), family(tmp_path / "two")]
    assert len(edits_of_runs(runs)) == len(edits_of_runs(runs[:1])) == 3


def test_a_whole_run_can_be_held_out(tmp_path: Path) -> None:
    other = run_of(
        tmp_path / "two", [step(0, 0, SEED, operator="seed"), step(1, 0, SEED + "c = 3", (SEED,))]
    )
    edits = edits_of_runs([family(tmp_path / "one")], [other])
    assert Counter(edit.split for edit in edits) == {"val": 1, "train": 3}
    assert [edit.repo for edit in edits if edit.split == "val"] == ["run:two"]


def test_lineages_are_held_out_whole(tmp_path: Path) -> None:
    rng = random.Random(3)
    texts, steps = [SEED], [step(0, 0, SEED, operator="seed")]
    for number in range(300):
        child = f"{SEED}    # {number}"
        steps.append(step(1 + number, 0, child, (rng.choice(texts),)))
        texts.append(child)
    edits = accepted_edits(run_of(tmp_path / "many", steps), held_out=0.1)
    held = {edit.family for edit in edits if edit.split == "val"}
    assert 0.02 < sum(edit.split == "val" for edit in edits) / len(edits) <= 0.1
    assert not held & {edit.family for edit in edits if edit.split == "train"}


def test_changed_lines_are_counted_on_both_sides() -> None:
    assert num_changed("a\nb\nc", "a\nx\nc\nd") == 3


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError):
        accepted_edits(tmp_path / "none")


AXES = [
    {"name": "height", "unit": "u", "low": 0.0, "high": 30.0, "bins": 12},
    {"name": "mass", "unit": "", "low": 0.0, "high": 240.0, "bins": 12},
]


def test_the_message_may_say_what_an_edit_did(tmp_path: Path) -> None:
    """Each child comes from the seed: one cell higher and less fit, much heavier and fitter, ..."""
    places = [(5 * 12 + 5, 1.0), (6 * 12 + 5, 0.5), (5 * 12 + 9, 2.0), (5 * 12 + 5, 3.0)]
    texts = [SEED, *(SEED.replace("a = 1", f"a = {n}") for n in (2, 3, 4))]
    steps = []
    for number, ((cell, fitness), text) in enumerate(zip(places, texts, strict=True)):
        hashes = (Program(SEED).hash,) if number else ()
        proposal = Proposal("syntax" if number else "seed", hashes, Program(text))
        judged = Evaluation(fitness, (1.0, 1.0))
        steps.append(Step(number, 0, proposal, judged, Placement.NEW, cell))
    folder = tmp_path / "one"
    with RunLog.create(folder, {"identity": {"seed": 1}, "measures": AXES}) as log:
        for one in steps:
            log.append([one], replayable={"syntax": True}, elapsed_s=1.0, parts_s={})
    told = ["More height.", "Much more mass, fitter.", "Same shape, fitter."]
    edits = accepted_edits(folder, effects=True)
    assert [e.message for e in edits if e.kind == AIMED] == [
        text for text, e in zip(told, edits, strict=True) if e.kind == AIMED
    ]
    assert any(e.kind == AIMED for e in edits)
    assert all(e.message in PAPER_MESSAGES for e in edits if e.kind != AIMED)
    shares = shares_of_effects(edits)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert set(shares) == {e.message for e in edits if e.kind == AIMED}


def test_a_run_without_measures_has_no_effects(tmp_path: Path) -> None:
    with pytest.raises(RunFormatError, match="names no measures"):
        accepted_edits(family(tmp_path / "one"), effects=True)
