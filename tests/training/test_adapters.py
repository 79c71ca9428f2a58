"""An adapter on a base: trained, saved as peft does, merged by the embedded runtime, gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="training needs the extra ulmus[train]")

import torch

from ulmus.mining.sample import Sample
from ulmus.models.local import LocalModel
from ulmus.records import Prompt, Sampling
from ulmus.training import bases
from ulmus.training.diff_model import Settings, train

TINY = Settings(size="tiny", vocabulary=400, steps=8, tokens_per_step=150, held_out=4, rate=1e-2)

pytestmark = [
    pytest.mark.slow,  # the imports alone take seconds
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of transformers, about itself
]


def test_an_adapter_of_a_base_of_ours(edits: list[Sample], tmp_path: Path) -> None:
    base, adapter, further = (tmp_path / name for name in ("base", "adapter", "further"))
    train({"commits": edits}, TINY, base)
    settings = replace(TINY, base=str(base), lora=4, rate=3e-2)
    first = train({"commits": edits}, settings, adapter)
    assert first is not None
    assert not (adapter / "model.safetensors").exists()
    assert str(tmp_path) in (adapter / "adapter_config.json").read_text("utf-8")

    markers = settings.layout.markers
    again = bases.open_base(str(adapter), None, False, markers, 0)
    prompt = settings.layout.prompt(edits[0].before, edits[0].message)
    tokens = torch.tensor([again.tokenizer.encode(prompt, add_special_tokens=False).ids])
    words: list[int] = []
    with torch.no_grad():
        for _ in range(12):
            places = torch.arange(tokens.shape[1])[None]
            hidden = again.net.hidden(tokens, places, torch.zeros_like(tokens))
            words.append(int(again.net.logits(hidden[:, -1]).argmax()))
            tokens = torch.cat((tokens, torch.tensor([[words[-1]]])), 1)
    local = LocalModel(base, adapters=[adapter])
    (answer,) = local.complete([Prompt(prompt)], Sampling(0.0, 1.0, 12))
    expected = again.tokenizer.decode(words).partition("<|endoftext|>")[0]
    assert answer.text == expected

    onward = train({"commits": edits}, replace(settings, base=str(adapter), lora=None), further)
    assert onward is not None
    assert (further / "adapter_model.safetensors").is_file()
    assert onward.loss < first.loss
