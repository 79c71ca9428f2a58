"""How good a diff model is on edits that it never saw: its loss, and the edits that it writes."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ulmus.diffs import apply
from ulmus.diffs.parsing import parse
from ulmus.diffs.prompts import Layout
from ulmus.errors import EditFormatError
from ulmus.mining.sample import Sample
from ulmus.models.base import Model
from ulmus.records import Completion, Prompt, Sampling
from ulmus.seeding import derive, generator
from ulmus.training.examples import Coder, file_name, grouped
from ulmus.training.rows import Row

if TYPE_CHECKING:
    import torch

    from ulmus.training.bases import Borrowed
    from ulmus.training.networks import Llama


@dataclass(frozen=True)
class HeldOut:
    """Loss on held-out edits.

    Attributes:
        loss: Nats per token of the edit.
        num_tokens: Tokens judged.
        num_edits: Edits judged.
    """

    loss: float
    num_tokens: int
    num_edits: int


@dataclass(frozen=True)
class HeldOutRow:
    """A row with the groups that it counts for."""

    row: Row
    groups: tuple[str, ...]
    num_edits: int


def held_out_rows(samples: Sequence[Sample], coder: Coder, limit: int) -> list[HeldOutRow]:
    """Draw about `limit` held-out edits, the same for the same samples."""
    rows: list[HeldOutRow] = []
    count = 0
    groups = grouped(samples)
    generator(0, "held-out", 0, 0).shuffle(groups)
    for group in groups:
        if count >= limit:
            break
        some = group[: coder.caps.edits_per_row]
        row = coder.row(some)
        if row is not None:
            rows.append(HeldOutRow(row, groups_of(some[0]), max(row.parts)))
            count += max(row.parts)
    return rows


def groups_of(sample: Sample) -> tuple[str, ...]:
    """Name the groups of a held-out edit: all, its repository or run, and recent commits' year."""
    groups = ["all", sample.repo]
    if sample.recent:
        year = datetime.datetime.fromtimestamp(sample.commit_time, datetime.UTC).year
        groups.append(f"commits of {year}")
    elif not sample.repo.startswith("run:"):
        groups.append("unseen repositories")
    return tuple(groups)


def held_out_loss(
    net: Llama | Borrowed, rows: Sequence[HeldOutRow], device: torch.device
) -> dict[str, HeldOut]:
    """Return the loss by group, "all" first; empty if nothing is held out."""
    import torch

    from ulmus.training.batches import RowLoss, side_by_side

    sums: dict[str, list[float]] = {}
    judged = RowLoss(net)
    was_training = net.training
    net.eval()
    with torch.no_grad():
        for held in rows:
            batch = side_by_side([held.row], 1.0, device)
            loss = float(judged(*batch.parts_of()))
            for group in held.groups:
                total = sums.setdefault(group, [0.0, 0.0, 0.0])
                total[0] += loss
                total[1] += sum(held.row.weights)
                total[2] += held.num_edits
    net.train(was_training)
    return {
        name: HeldOut(loss / max(tokens, 1e-9), round(tokens), round(edits))
        for name, (loss, tokens, edits) in sums.items()
    }


@dataclass(frozen=True)
class Quality:
    """What became of answers to held-out prompts; all but `num_answers` are shares of them.

    Attributes:
        num_answers: Answers asked for.
        well_formed: Could be read as an edit.
        applied: Applied.
        parsed_and_differed: Applied, and gave Python that differs from the program before.
        equal: Gave the program that really came next, up to layout and comments.
        refusals: How many did not, by reason.
    """

    num_answers: int
    well_formed: float
    applied: float
    parsed_and_differed: float
    equal: float
    refusals: Mapping[str, int]


def sample_quality(
    model: Model,
    samples: Sequence[Sample],
    layout: Layout,
    sampling: Sampling,
    *,
    answers_each: int = 2,
    seed: int = 0,
) -> Quality:
    """Ask a model for the edits of held-out samples and look at what it writes.

    Args:
        model: Any model.
        samples: Held-out edits; those that the layout cannot show are left out.
        layout: How the model wants to be asked.
        sampling: How it is to answer.
        answers_each: Answers per sample, at least 1.
        seed: Of the answers.

    Raises:
        ModelError: The model is out of reach or broken.
    """
    asked = [s for s in samples if not layout.forged(s.before + s.message)]
    asked = [sample for sample in asked for _ in range(answers_each)]
    prompts = [
        Prompt(layout.prompt(s.before, s.message, file_name(s.path)), derive(seed, "quality", 0, n))
        for n, s in enumerate(asked)
    ]
    wanted = Sampling(sampling.temperature, sampling.top_p, sampling.max_tokens, layout.stop)
    answers = model.complete(prompts, wanted)
    fates = [_fate(s, answer, layout, wanted) for s, answer in zip(asked, answers, strict=True)]
    return _counted(fates)


_WELL_FORMED, _APPLIED, _DIFFERED, _EQUAL = range(1, 5)


def _fate(
    sample: Sample, answer: Completion, layout: Layout, sampling: Sampling
) -> tuple[int, str]:
    """Return how far an answer came, 0 to 4, and why no further."""
    if answer.error is not None:
        return 0, "no answer"
    try:
        edit = layout.read(answer.text, cut_off=answer.num_tokens >= sampling.max_tokens)
    except EditFormatError:
        return 0, "no edit"
    done = apply(sample.before, edit)
    if done.text is None:
        return _WELL_FORMED, done.reason
    tree = _tree(done.text)
    if tree is None:
        return _APPLIED, "does not parse"
    if done.text == sample.before:
        return _APPLIED, "changes nothing"
    return (_EQUAL, "") if tree == _tree(sample.after) else (_DIFFERED, "")


def _tree(source: str) -> str | None:
    tree = parse(source)
    try:
        return None if tree is None else ast.dump(tree)
    except RecursionError:
        return None


def _counted(fates: Sequence[tuple[int, str]]) -> Quality:
    refusals: dict[str, int] = {}
    for _, reason in fates:
        if reason:
            refusals[reason] = refusals.get(reason, 0) + 1

    def share(least: int) -> float:
        return sum(fate >= least for fate, _ in fates) / max(1, len(fates))

    return Quality(
        len(fates), share(_WELL_FORMED), share(_APPLIED), share(_DIFFERED), share(_EQUAL),
        dict(sorted(refusals.items())),
    )  # fmt: skip
