"""What becomes of a model's answers to held-out prompts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("tokenizers", reason="training needs the extra ulmus[train]")

from ulmus.diffs import make, render
from ulmus.diffs.prompts import Layout
from ulmus.mining.sample import Sample
from ulmus.records import Completion, Prompt, Sampling
from ulmus.training.evaluation import groups_of, sample_quality


class Answers:
    """Gives the listed answers in turn."""

    name = "answers"

    def __init__(self, *answers: Completion) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        self.asked += [prompt.text for prompt in prompts]
        assert len({prompt.seed for prompt in prompts}) == len(prompts)
        return [self.answers[n % len(self.answers)] for n in range(len(prompts))]


def test_answers_are_counted_by_how_far_they_come(edits: list[Sample]) -> None:
    sample, layout = edits[0], Layout()
    right = render(make(sample.before, sample.after), "numbered", sample.before)
    other = render(make(sample.before, sample.before + "\nz = 1"), "numbered", sample.before)
    broken = render(make(sample.before, sample.before + "\n)"), "numbered", sample.before)
    model = Answers(
        Completion(right, 9),
        Completion(other, 9),
        Completion(broken, 9),
        Completion("@@ 99\nx", 9),
        Completion("no edit at all", 9),
        Completion("", 0, "failed"),
    )
    quality = sample_quality(model, [sample], layout, Sampling(max_tokens=50), answers_each=6)
    assert quality.num_answers == 6
    assert quality.well_formed == pytest.approx(4 / 6)
    assert quality.applied == pytest.approx(3 / 6)
    assert quality.parsed_and_differed == pytest.approx(2 / 6)
    assert quality.equal == pytest.approx(1 / 6)
    assert quality.refusals["does not parse"] == 1
    assert quality.refusals["no edit"] == 1
    assert quality.refusals["no answer"] == 1
    assert model.asked[0] == layout.prompt(sample.before, sample.message, "tool.py")


def test_an_answer_that_changes_nothing_is_no_edit(edits: list[Sample]) -> None:
    line = edits[0].before.split("\n")[1]
    model = Answers(Completion(f"@@ 2\n{line}", 5))
    quality = sample_quality(model, edits[:1], Layout(), Sampling(max_tokens=50))
    assert quality.applied == 1
    assert quality.parsed_and_differed == 0


def test_a_sample_with_a_marker_is_not_asked(edits: list[Sample]) -> None:
    forged = Sample(**{name: getattr(edits[0], name) for name in Sample.__dataclass_fields__} | {
        "before": "x = '<file_sep>'"})  # fmt: skip
    model = Answers(Completion("", 0))
    assert sample_quality(model, [forged], Layout(), Sampling()).num_answers == 0


def test_held_out_edits_are_grouped_by_origin_and_time(edits: list[Sample]) -> None:
    unseen, recent = edits[24], edits[25]
    assert groups_of(unseen) == ("all", "other/one", "unseen repositories")
    assert groups_of(recent) == ("all", "owner/name", "commits of 2025")
