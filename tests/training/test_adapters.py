"""An adapter on a base: trained, saved as peft does, merged by the embedded runtime, gone on with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="training needs the extra ulmus[train]")

import torch

from ulmus.errors import ModelError
from ulmus.mining.sample import Sample
from ulmus.models.local import LocalModel
from ulmus.records import Prompt, Sampling
from ulmus.training import bases
from ulmus.training.diff_model import Settings, train
from ulmus.training.networks import Llama

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


def test_an_adapter_of_ours_is_one_of_peft(edits: list[Sample], tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    train({"commits": edits}, TINY, base)
    train({"commits": edits}, replace(TINY, base=str(base), lora=4, rate=3e-2), ours)

    def opened(adapter: Path) -> PeftModel:
        model = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
        return PeftModel.from_pretrained(model, str(adapter))

    tokens = torch.arange(20, 60)[None]
    places = torch.arange(40)[None]

    def logits(adapter: Path) -> torch.Tensor:
        net = bases.open_base(str(adapter), None, False, (), 0).net
        assert isinstance(net, Llama)
        trained = {name for name, weight in net.named_parameters() if weight.requires_grad}
        assert trained
        assert all(".lora_" in name for name in trained)
        return net.logits(net.hidden(tokens, places, torch.zeros_like(tokens)))

    with torch.no_grad():
        plain = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)(tokens).logits
        wanted = opened(ours)(tokens).logits
        assert not torch.allclose(plain, wanted, atol=1e-2)
        assert torch.allclose(logits(ours), wanted, atol=1e-4)
        opened(ours).save_pretrained(str(theirs))
        assert torch.allclose(logits(theirs), wanted, atol=1e-4)


def test_an_adapter_with_two_ranks_is_left_to_peft(edits: list[Sample], tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base, adapter = tmp_path / "base", tmp_path / "adapter"
    train({"commits": edits}, TINY, base)
    model = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], rank_pattern={"v_proj": 2})
    get_peft_model(model, config).save_pretrained(str(adapter))
    again = bases.open_base(str(adapter), None, False, (), 0)
    assert again.adapter
    assert isinstance(again.net, bases.Borrowed)


def test_an_adapter_of_another_network_is_refused(edits: list[Sample], tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    train({"commits": edits}, TINY, base)
    train({"commits": edits}, replace(TINY, base=str(base), lora=4, steps=1), adapter)
    wider = bases.new_network(
        "0.1m", ["x = 1\n"] * 40, 300, whole_lines=False, numbered=True, context=2048, seed=0
    )
    shutil.rmtree(base)
    bases.write_model(base, wider, {}, "a card")
    with pytest.raises(ModelError, match=r"do not fit .* belongs to"):
        bases.open_base(str(adapter), None, False, (), 0)
