"""Preference pairs of runs: who stands against whom, under which message, and what is held out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from answered_run import (
    SEED,
    Asked,
    answer,
    child_of,
    family,
    invalid,
    refused,
    taken,
    write_run,
)

from ulmus.errors import RunNotFoundError, TrainingError
from ulmus.operators.diff import FORGED, NO_ANSWER
from ulmus.records import Placement
from ulmus.runs.log import RunLog
from ulmus.training.preferences import PAIRS_PER_ANSWER, Pair, pairs_of_runs, preference_pairs

ONE, TWO = "Make it faster", "Fixed bugs."


def test_both_answers_of_a_pair_were_given_to_its_parent(tmp_path: Path) -> None:
    run = family(tmp_path / "one")
    with RunLog.open_read_only(run) as log:
        texts = dict(log.texts())
        asked: dict[str, set[tuple[str, str, Placement]]] = {}
        for step in log.steps():
            if step.parents:
                text = texts[step.number]
                source = texts[step.parents[0]].source
                assert source is not None
                assert text.answer is not None
                asked.setdefault(source, set()).add((text.note, text.answer, step.placement))
    pairs = preference_pairs(run)
    assert len({pair.before for pair in pairs}) == len(asked) == 8
    for pair in pairs:
        assert (pair.message, pair.chosen, Placement.NEW) in asked[pair.before]
        assert pair.fate in (Placement.REFUSED, Placement.INVALID)
        assert pair.rejected in {text for _, text, fate in asked[pair.before] if fate is pair.fate}
        assert pair.max_tokens == 64


def test_the_same_message_goes_first_and_each_chosen_answer_before_any_comes_again(
    tmp_path: Path,
) -> None:
    pairs = preference_pairs(family(tmp_path / "one"), per_parent=6)
    assert len(pairs) == 8 * 6
    assert all(pair.same_message for pair in pairs)
    counts = Counter((pair.before, pair.chosen) for pair in pairs)
    assert set(counts.values()) == {1}
    rejected = Counter((pair.before, pair.rejected) for pair in pairs)
    assert set(rejected.values()) == {1}


def test_under_another_message_only_what_is_bad_anyway_is_rejected(tmp_path: Path) -> None:
    children = [
        taken(SEED, ONE, 2),
        taken(SEED, TWO, 3, Placement.KEPT_OUT),
        taken(SEED, ONE, 4, Placement.KEPT_OUT),
        invalid(SEED, TWO, 5),
        refused(SEED, TWO, 6),
    ]
    pairs = preference_pairs(write_run(tmp_path / "one", children))
    assert {pair.message for pair in pairs} == {ONE}
    assert pairs[0].rejected == answer(4)
    told = {pair.rejected: (pair.fate, pair.same_message) for pair in pairs}
    assert told == {
        answer(4): (Placement.KEPT_OUT, True),
        "@@ 2\n    a = bad(5)": (Placement.INVALID, False),
        "@@ 2\n    a = = 6": (Placement.REFUSED, False),
    }


def test_what_is_no_answer_of_a_diff_model_makes_no_pair(tmp_path: Path) -> None:
    grown = child_of(SEED, 7)
    children = [
        taken(SEED, ONE, 2),
        Asked(SEED, ONE, None, Placement.REFUSED, refusal=FORGED),
        Asked(SEED, ONE, "", Placement.REFUSED, refusal=NO_ANSWER),
        Asked(SEED, "number", None, Placement.NEW, grown, operator="syntax"),
        Asked(SEED, ONE, answer(9), Placement.DUPLICATE, child_of(SEED, 9)),
        Asked(SEED, ONE, answer(2), Placement.INVALID, child_of(SEED, 2)),  # its own text
        refused(grown, ONE, 8),  # of another parent
    ]
    assert preference_pairs(write_run(tmp_path / "one", children)) == []


def test_a_parent_has_at_most_so_many_pairs(tmp_path: Path) -> None:
    run = family(tmp_path / "one")
    counts = Counter(pair.before for pair in preference_pairs(run, per_parent=4))
    assert set(counts.values()) == {4}
    everything = preference_pairs(run, per_parent=1000)
    assert len(everything) == len(set(everything)) == 8 * 6 * PAIRS_PER_ANSWER
    for text in ("chosen", "rejected"):
        uses = Counter((pair.before, getattr(pair, text)) for pair in everything)
        assert max(uses.values()) == PAIRS_PER_ANSWER


def test_pairs_depend_on_the_run_and_the_seed_alone(tmp_path: Path) -> None:
    run = family(tmp_path / "one")
    assert preference_pairs(run, seed=3) == preference_pairs(run, seed=3)
    first, second = (preference_pairs(run, seed=seed, per_parent=4) for seed in (1, 2))
    assert first != second


def test_lineages_are_held_out_whole(tmp_path: Path) -> None:
    pairs = preference_pairs(family(tmp_path / "one", parents=6), held_out=0.4)
    held = {pair.family for pair in pairs if pair.held_out}
    assert 0 < sum(pair.held_out for pair in pairs) <= 0.4 * len(pairs)
    assert not held & {pair.family for pair in pairs if not pair.held_out}
    assert not _parents(pairs, True) & _parents(pairs, False)


def test_a_parent_that_is_judged_is_learned_from_in_no_run(tmp_path: Path) -> None:
    one, two = family(tmp_path / "one"), family(tmp_path / "two", parents=2, first=500)
    pairs = pairs_of_runs([one], [two])
    assert {pair.run for pair in pairs if pair.held_out} == {"two"}
    assert {pair.run for pair in pairs if not pair.held_out} == {"one"}
    assert SEED in _parents(pairs, True)
    assert not _parents(pairs, True) & _parents(pairs, False)


def test_one_pair_in_two_runs_counts_once(tmp_path: Path) -> None:
    one, two = family(tmp_path / "one"), family(tmp_path / "two")
    pairs = pairs_of_runs([one, two], seed=5)
    assert len(pairs) == len({(p.before, p.message, p.chosen, p.rejected) for p in pairs})


def test_a_run_without_answers_says_what_to_do(tmp_path: Path) -> None:
    children = [Asked(SEED, "number", None, Placement.NEW, child_of(SEED, 2), operator="syntax")]
    run = write_run(tmp_path / "one", children)
    with pytest.raises(TrainingError, match=r"one holds no answer.*--operators diff=1"):
        pairs_of_runs([family(tmp_path / "two"), run])
    with pytest.raises(RunNotFoundError):
        pairs_of_runs([tmp_path / "none"])


def _parents(pairs: list[Pair], held_out: bool) -> set[str]:
    return {pair.before for pair in pairs if pair.held_out is held_out}
