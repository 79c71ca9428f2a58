"""Rows of one prompt and several edits: what is judged, in which order, and that packing is free."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch

from ulmus.diffs import apply
from ulmus.diffs.prompts import Layout
from ulmus.errors import TrainingError
from ulmus.mining.sample import Sample
from ulmus.training.batches import RowLoss, side_by_side
from ulmus.training.diff_model import tokenizer_texts
from ulmus.training.examples import Caps, Coder, Mixture, Source, grouped
from ulmus.training.networks import Llama, allowed_pairs, shape_named
from ulmus.training.rows import packed
from ulmus.training.tokenizer import train_tokenizer

CPU = torch.device("cpu")


def coder(edits: list[Sample], form: str = "numbered", **options: object) -> Coder:
    layout = Layout("special", form)
    tokenizer = train_tokenizer(tokenizer_texts(edits, layout), 400)
    return Coder(tokenizer, layout, **options)  # type: ignore[arg-type]


def network(coder: Coder) -> Llama:
    return Llama(shape_named("tiny", coder.tokenizer.get_vocab_size()), seed=3)


def test_a_packed_row_has_the_loss_and_the_gradient_of_its_edits_one_by_one(
    edits: list[Sample],
) -> None:
    code = coder(edits)
    group = [edits[0], edits[6], edits[12], edits[13 - 1 + 6]]
    assert len({sample.before for sample in group}) == 1
    net = network(code)
    judged = RowLoss(net)

    def gradient(rows: list) -> tuple[float, torch.Tensor]:  # type: ignore[type-arg]
        net.zero_grad()
        loss = sum(judged(*side_by_side([row], 1.0, CPU).parts_of()) for row in rows)
        loss.backward()
        return loss.item(), torch.cat([w.grad.flatten() for w in net.parameters()])

    together, apart = code.row(group), [code.row([sample]) for sample in group]
    assert together is not None
    assert len(together.tokens) < 0.6 * sum(len(row.tokens) for row in apart if row)
    loss, slope = gradient([together])
    loss_apart, slope_apart = gradient(apart)
    assert loss == pytest.approx(loss_apart, rel=1e-5)
    assert torch.allclose(slope, slope_apart, atol=1e-4, rtol=1e-3)


def test_edits_with_different_messages_share_the_program_only(edits: list[Sample]) -> None:
    code = coder(edits)
    row = code.row(
        [edits[0], edits[3 + 3], Sample(**{**_plain(edits[0]), "message": "Other words"})]
    )
    assert row is not None
    shown = code.tokenizer.decode(row.tokens[: row.parts.count(0)], skip_special_tokens=False)
    assert shown.startswith("<filename>tool.py\n1|def ")
    assert "Other" not in shown


def test_only_the_edit_is_judged(edits: list[Sample]) -> None:
    code = coder(edits)
    row = code.row([edits[0]])
    assert row is not None
    answer = code.tokenizer.decode(row.targets, skip_special_tokens=False)
    assert answer == code.layout.target(edits[0].before, edits[0].after)
    done = apply(edits[0].before, code.layout.read(answer))
    assert done.text == edits[0].after


def test_the_gradient_of_the_prompts_logits_is_zero(edits: list[Sample]) -> None:
    code = coder(edits)
    row = code.row([edits[0], edits[6]])
    assert row is not None
    net = network(code)
    hidden = []
    inner = net.hidden

    def watched(*arguments: torch.Tensor) -> torch.Tensor:
        hidden.append(inner(*arguments))
        hidden[-1].retain_grad()
        return hidden[-1]

    net.hidden = watched  # type: ignore[method-assign]
    RowLoss(net)(*side_by_side([row], 1.0, CPU).parts_of()).backward()
    slope = hidden[0].grad[0].abs().sum(-1)
    judged = torch.zeros(len(row.tokens), dtype=torch.bool)
    judged[row.sources] = True
    assert (slope[judged] > 0).all()
    assert (slope[~judged] == 0).all()
    prompt = torch.tensor(row.parts) == 0
    assert (slope[prompt] == 0).all()


def test_the_loss_does_not_depend_on_the_program_as_a_target(edits: list[Sample]) -> None:
    """A token of the prompt is never in the targets: changing it changes inputs only."""
    code = coder(edits, prompt_weight=0.15)
    row, plain = code.row([edits[0]]), coder(edits).row([edits[0]])
    assert row is not None
    assert plain is not None
    assert len(row.targets) - len(plain.targets) == row.parts.count(0) - 1
    assert set(row.weights) == {0.15, 1.0}


def test_the_program_counts_as_much_as_its_weight_says(edits: list[Sample]) -> None:
    plain = coder(edits)
    judged = RowLoss(network(plain))

    def loss(weight: float, total: float = 1.0) -> float:
        row = Coder(plain.tokenizer, plain.layout, prompt_weight=weight).row([edits[0]])
        assert row is not None
        with torch.no_grad():
            return float(judged(*side_by_side([row], total, CPU).parts_of()))

    edit, program = loss(0.0), loss(1.0) - loss(0.0)
    assert program > 1
    assert loss(0.25) == pytest.approx(edit + 0.25 * program, rel=1e-5)
    assert loss(0.25, total=4.0) == pytest.approx(loss(0.25) / 4, rel=1e-5)


def test_edits_see_their_prompt_and_themselves_only() -> None:
    row = packed([([1, 2, 3], [4, 5], 1.0), ([1, 2, 6], [7, 8, 9], 1.0)])
    assert row.tokens == [1, 2, 3, 4, 6, 7, 8]
    assert row.positions == [0, 1, 2, 3, 2, 3, 4]
    assert row.parts == [0, 0, 1, 1, 2, 2, 2]
    assert row.sources == [2, 3, 4, 5, 6]
    assert row.targets == [4, 5, 7, 8, 9]
    seen = allowed_pairs(torch.tensor([row.parts]))[0].int().tolist()
    assert seen[3] == [1, 1, 1, 1, 0, 0, 0]
    assert seen[6] == [1, 1, 0, 0, 1, 1, 1]


def test_rows_side_by_side_give_the_same_as_rows_alone(edits: list[Sample]) -> None:
    code = coder(edits)
    rows = [code.row(group) for group in grouped(edits)]
    judged = RowLoss(network(code))
    with torch.no_grad():
        alone = sum(float(judged(*side_by_side([row], 1.0, CPU).parts_of())) for row in rows)
        together = float(judged(*side_by_side(rows, 1.0, CPU).parts_of()))
    assert together == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("form", ["numbered", "unified", "search-replace", "rewrite"])
def test_every_form_can_be_learned(edits: list[Sample], form: str) -> None:
    code = coder(edits, form)
    row = code.row([edits[0]])
    assert row is not None
    answer = code.tokenizer.decode(row.targets, skip_special_tokens=False)
    assert apply(edits[0].before, code.layout.read(answer)).text == edits[0].after


def test_long_and_forged_texts_are_left_out_and_counted(edits: list[Sample]) -> None:
    code = coder(edits, caps=Caps(prompt=30, edit=8))
    long = Sample(**{**_plain(edits[0]), "before": edits[0].before + "\nx = 1" * 40})
    forged = Sample(**{**_plain(edits[0]), "after": edits[0].after + "\nx = '<file_sep>'"})
    wide = Sample(**{**_plain(edits[0]), "after": edits[0].after + "\nzebra = quagga" * 5})
    assert code.row([long]) is None
    assert code.row([forged]) is None
    assert code.row([wide]) is None
    assert sum(code.dropped.values()) == 3
    source = Source("commits", [long], code, 0)
    with pytest.raises(TrainingError, match=r"no edit of the commits fits.*prompt too long"):
        source.next_row()


def test_an_epoch_holds_every_edit_once_and_the_next_one_has_another_order(
    edits: list[Sample],
) -> None:
    code = coder(edits, caps=Caps(edits_per_row=2))
    source = Source("commits", edits, code, seed=1)

    def epoch() -> list[tuple[int, ...]]:
        begun, rows = source.epoch, []
        while True:
            row = source.next_row()
            if source.epoch != begun:
                source.go_to(source.epoch, 0)
                return rows
            rows.append(tuple(row.targets))

    first, second = epoch(), epoch()
    assert sum(row.count(code.tokenizer.token_to_id("<|endoftext|>")) for row in first) == len(
        edits
    )
    assert first != second


def test_a_source_goes_on_from_any_place(edits: list[Sample]) -> None:
    code = coder(edits, rename=True)
    first, second = (Source("runs", edits, code, seed=5) for _ in range(2))
    rows = [first.next_row() for _ in range(20)]
    for _ in range(3):
        second.next_row()
    second.go_to(0, 3)
    assert [second.next_row() for _ in range(17)] == rows[3:]


def test_shares_hold_for_judged_tokens(edits: list[Sample]) -> None:
    code = coder(edits)
    sources = [Source(name, edits, code, seed=2) for name in ("commits", "runs")]
    mixture = Mixture(sources, [0.75, 0.25])
    sum(1 for _ in mixture.rows(30_000))
    assert mixture.drawn[0] / sum(mixture.drawn) == pytest.approx(0.75, abs=0.02)


def test_nothing_to_train_on_is_an_error(edits: list[Sample]) -> None:
    with pytest.raises(TrainingError, match="nothing to train on in the runs"):
        Source("runs", [], coder(edits), 0)


def test_renaming_changes_names_alike_in_program_and_edit(edits: list[Sample]) -> None:
    code = coder(edits)
    row = code.row([edits[0]], random.Random(4))
    assert row is not None
    program = code.tokenizer.decode(row.tokens, skip_special_tokens=False)
    assert edits[0].before.split("(")[0][4:] not in program


def _plain(sample: Sample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in Sample.__dataclass_fields__}
