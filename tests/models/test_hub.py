"""Hub models answer like the embedded decoder on the same weights; without torch they say so."""

import importlib

import numpy as np
import pytest
from tiny_llama import SHAPES, Tiny, text_tokens, write_model

from ulmus.errors import ConfigError, ModelError
from ulmus.models.conformance import check_model
from ulmus.models.hub import HubModel
from ulmus.models.local import LocalModel
from ulmus.models.shelf import open_model
from ulmus.records import Prompt, Sampling

PROMPTS = [Prompt(text, seed) for text in ("def f(x):", "a", "b" * 40) for seed in range(3)]


def test_without_torch_the_extra_is_named(monkeypatch):
    def refuse(name):
        raise ImportError(f"no module {name}")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ModelError, match=r"pip install 'ulmus\[train\]'"):
        HubModel("anything")


def test_numbers_out_of_range():
    with pytest.raises(ConfigError, match="batch_size"):
        HubModel("anything", batch_size=0)


@pytest.fixture(scope="module")
def _torch():
    for name in ("torch", "transformers", "peft"):
        pytest.importorskip(name, reason="needs the extra ulmus[train]")


@pytest.fixture(scope="module")
def folder(_torch, tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"), SHAPES["even"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestWithTorch:
    def test_hub_models_conform(self, folder):
        check_model(HubModel(str(folder), device="cpu"), PROMPTS)

    @pytest.mark.parametrize("temperature", [0.0, 0.8])
    def test_answers_are_those_of_the_embedded_decoder(self, folder, temperature):
        sampling = Sampling(temperature=temperature, max_tokens=30)
        hub = HubModel(str(folder), device="cpu", batch_size=4)
        assert hub.complete(PROMPTS, sampling) == LocalModel(folder).complete(PROMPTS, sampling)
        assert hub.name.startswith("hub:model")

    @pytest.mark.usefixtures("_torch")
    def test_stops_and_errors_are_values(self, tmp_path):
        hub = HubModel(str(write_model(tmp_path, Tiny(context=64))), device="cpu")
        prompts = [Prompt("a" * 64), Prompt(""), Prompt("\ud800"), Prompt("a" * 60), Prompt("a")]
        expected = LocalModel(tmp_path).complete(prompts, Sampling(max_tokens=20))
        assert hub.complete(prompts, Sampling(max_tokens=20)) == expected
        assert expected[3].error == "the context of 64 tokens is full"

    @pytest.mark.usefixtures("_torch")
    def test_a_folder_that_is_no_model(self, tmp_path):
        with pytest.raises(ModelError, match="cannot load"):
            HubModel(str(tmp_path), device="cpu")

    @pytest.mark.parametrize("rslora", [False, True])
    @pytest.mark.usefixtures("_torch")
    def test_adapters_of_peft_are_merged_alike(self, tmp_path, rslora):
        import peft
        import torch
        from transformers import AutoModelForCausalLM

        folder = write_model(tmp_path / "model", Tiny())
        torch.manual_seed(0)
        targets = ["q_proj", "o_proj", "up_proj", "embed_tokens"]
        config = peft.LoraConfig(
            r=4, lora_alpha=24, target_modules=targets, use_rslora=rslora,
            init_lora_weights=False, task_type="CAUSAL_LM", alpha_pattern={"up_proj": 40},
        )  # fmt: skip
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        adapted = peft.get_peft_model(base, config)
        adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
        tokens = text_tokens()
        with torch.inference_mode():
            ids = torch.tensor(tokens[None].astype(np.int64))
            expected = adapted(ids).logits[0].numpy()
        local = LocalModel(folder, adapters=[tmp_path / "adapter"])
        plain = LocalModel(folder).decoder.logits(tokens)
        assert np.abs(plain - expected).max() > 0.1
        assert np.abs(local.decoder.logits(tokens) - expected).max() < 1e-4
        hub = HubModel(str(folder), adapters=[str(tmp_path / "adapter")], device="cpu")
        sampling = Sampling(max_tokens=20)
        assert hub.complete(PROMPTS, sampling) == local.complete(PROMPTS, sampling)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_hub_model_is_named_where_models_are_named(folder):
    model, taught = open_model(f"hub:{folder}")
    assert (taught.style, taught.form) == ("instruct", "search-replace")
    assert model.complete(PROMPTS[:1], Sampling(max_tokens=4)) == HubModel(str(folder)).complete(
        PROMPTS[:1], Sampling(max_tokens=4)
    )
    _, taught = open_model(f"hub:{folder}?style:tags&form:unified-numbers")
    assert (taught.style, taught.form) == ("tags", "unified-numbers")


@pytest.mark.parametrize("name", ["hub:", "hub:x?stile:tags"])
def test_a_bad_hub_name_is_an_error(name):
    with pytest.raises(ConfigError):
        open_model(name)
