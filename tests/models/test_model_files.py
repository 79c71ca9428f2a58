"""Model folders that are damaged, foreign or do not fit say so; adapters are merged."""

import json
import math

import numpy as np
import pytest
from tiny_llama import SHAPES, Tiny, tensors, text_tokens, write_model

from ulmus.errors import ConfigError, ModelError
from ulmus.models.adapters import Adapter
from ulmus.models.architecture import read_architecture
from ulmus.models.local import LocalModel
from ulmus.models.tensors import TensorFile, to_int8, write_tensors
from ulmus.records import Prompt, Sampling

QUERY = "model.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}, "this is GPT2LMHeadModel"),
        ({"architectures": None, "model_type": "mistral"}, "this is model_type 'mistral'"),
        ({"attention_bias": True}, "attention_bias is set"),
        ({"mlp_bias": True}, "mlp_bias is set"),
        ({"hidden_act": "gelu"}, "expected hidden_act 'silu', got 'gelu'"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8}}, "plain rotary embedding"),
        ({"rope_scaling": [1]}, "must be an object"),
        ({"hidden_size": "24"}, "hidden_size must be a whole number"),
        ({"num_attention_heads": 0}, "num_attention_heads must be"),
        ({"vocab_size": None}, "vocab_size must be"),
        ({"rms_norm_eps": -1}, "rms_norm_eps must be a positive number"),
        ({"num_key_value_heads": 4}, "6 attention heads cannot share 4"),
        ({"head_dim": 5}, "must be even"),
        ({"max_position_embeddings": 10**9}, "exceeds"),
        ({"eos_token_id": "end"}, "eos_token_id must be"),
        ({"vocab_size": 200}, "tokens up to 258 and the model those below 200"),
        ({"hidden_size": 48}, "do not belong together"),
        ({"intermediate_size": 41}, r"must have the shape \[41, 24\] after config.json, got"),
        ({"num_hidden_layers": 3}, "there is no tensor model.layers.2"),
        ({"num_hidden_layers": 1}, "9 tensors do not belong to the model"),
    ],
)
def test_configs_that_do_not_fit(tmp_path, changes, message):
    folder = write_model(tmp_path / "model", **changes)
    with pytest.raises(ModelError, match=message) as raised:
        LocalModel(folder)
    assert str(folder) in str(raised.value), "the message must name the file"


def test_a_newer_config_keeps_theta_elsewhere(tmp_path):
    rope = {"rope_theta": 5e5, "rope_type": "default"}
    folder = write_model(tmp_path, rope_theta=None, rope_parameters=rope)
    assert read_architecture(folder / "config.json").rope_theta == 5e5


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_missing_files_are_named(tmp_path, missing):
    folder = write_model(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=missing):
        LocalModel(folder)


def test_a_missing_folder_and_a_foreign_one(tmp_path):
    with pytest.raises(ModelError, match="there is no folder"):
        LocalModel(tmp_path / "none")
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is of another kind"):
        LocalModel(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_damaged_json_files_are_named(tmp_path, name, content):
    folder = write_model(tmp_path / "model")
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        LocalModel(folder)


@pytest.mark.parametrize("kept", [0, 4, 8, 300, 5000, -1])
def test_a_truncated_weights_file_is_named(tmp_path, kept):
    file = write_model(tmp_path / "model") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"model\.safetensors.* (cut off|no safetensors)"):
        LocalModel(file.parent)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"F32"', b'"F3x"'),
        (b'"shape"', b'"shapx"'),
        (b'"data_offsets": [0', b'"data_offsets": [9'),
        (b'{"__met', b'["__met'),
    ],
)
def test_a_header_that_makes_no_sense(tmp_path, old, new):
    file = write_model(tmp_path / "model") / "model.safetensors"
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        LocalModel(file.parent)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_damaged_numbers_are_found(tmp_path, value):
    weights = tensors(Tiny())
    weights[QUERY + ".weight"][3, 4] = value
    folder = write_model(tmp_path / "model", weights=weights)
    with pytest.raises(ModelError, match=rf"model\.safetensors: {QUERY}.* NaN or infinity"):
        LocalModel(folder)


def test_an_output_layer_that_is_missing(tmp_path):
    weights = tensors(Tiny())
    del weights["lm_head.weight"]
    with pytest.raises(ModelError, match="lm_head"):
        LocalModel(write_model(tmp_path, weights=weights))


def test_split_models_are_read(tmp_path):
    whole = LocalModel(write_model(tmp_path / "a"))
    folder = write_model(tmp_path / "b")
    (folder / "model.safetensors").unlink()
    table = {}
    for index, name in enumerate(tensors(Tiny())):
        table[name] = f"part-{index % 2}.safetensors"
    for part in set(table.values()):
        chosen = {n: t for n, t in tensors(Tiny()).items() if table[n] == part}
        write_tensors(folder / part, chosen)
    index_file = folder / "model.safetensors.index.json"
    index_file.write_text(json.dumps({"weight_map": table}))
    asked = [Prompt("def f", 1)], Sampling(max_tokens=9)
    assert LocalModel(folder).complete(*asked) == whole.complete(*asked)
    index_file.write_text(json.dumps({"weight_map": {"a": "../../etc/passwd"}}))
    with pytest.raises(ModelError, match="must lie beside"):
        LocalModel(folder)
    index_file.write_text("{}")
    with pytest.raises(ModelError, match="weight_map"):
        LocalModel(folder)


def test_numbers_out_of_range(tmp_path):
    folder = write_model(tmp_path)
    for wrong in ({"threads": 0}, {"batch_size": 0}, {"remembered_bytes": -1}):
        with pytest.raises(ConfigError):
            LocalModel(folder, **wrong)


def test_int8_rows_are_within_half_a_step(tmp_path):
    matrix = np.random.default_rng(0).standard_normal((7, 33)).astype(np.float32)
    matrix[3] = 0
    whole, scales = to_int8(matrix)
    write_tensors(tmp_path / "a.safetensors", {"m": whole, "m_scale": scales})
    file = TensorFile(tmp_path / "a.safetensors")
    assert file.names == {"m"}
    assert (np.abs(file.read("m") - matrix) <= scales[:, None] * 0.5001).all()


def test_a_full_disk_leaves_no_file(tmp_path):
    with pytest.raises(ModelError, match="cannot write"):
        write_tensors(tmp_path / "none" / "a.safetensors", {"m": np.zeros(3, np.float32)})
    assert list(tmp_path.iterdir()) == []


def write_adapter(folder, factors, **changes):
    folder.mkdir()
    config = {"peft_type": "LORA", "lora_alpha": 16, "r": 4, "bias": "none", **changes}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    named = {f"base_model.model.{name}": tensor for name, tensor in factors.items()}
    write_tensors(folder / "adapter_model.safetensors", named)
    return folder


def factors_of(module, outputs, inputs, rank=4, seed=5):
    rng = np.random.RandomState(seed)
    a = (0.2 * rng.standard_normal((rank, inputs))).astype(np.float32)
    b = (0.2 * rng.standard_normal((outputs, rank))).astype(np.float32)
    return a, b, {f"{module}.lora_A.weight": a, f"{module}.lora_B.weight": b}


@pytest.mark.parametrize(("changes", "factor"), [({}, 4.0), ({"use_rslora": True}, 8.0)])
def test_adapters_are_added_to_the_weights(tmp_path, changes, factor):
    a, b, factors = factors_of(QUERY, 24, 24)
    adapter = write_adapter(tmp_path / "adapter", factors, **changes)
    weights = tensors(Tiny())
    plain = write_model(tmp_path / "plain", weights=weights)
    weights[QUERY + ".weight"] = weights[QUERY + ".weight"] + np.float32(factor) * (b @ a)
    merged = LocalModel(write_model(tmp_path / "merged", weights=weights))
    adapted = LocalModel(plain, adapters=[adapter])
    logits = [m.decoder.logits(text_tokens()) for m in (merged, adapted, LocalModel(plain))]
    assert np.abs(logits[0] - logits[1]).max() < 1e-4
    assert np.abs(logits[0] - logits[2]).max() > 0.1
    assert adapted.name != LocalModel(plain).name


def test_several_adapters_add_up(tmp_path):
    weights = tensors(Tiny())
    plain = write_model(tmp_path / "plain", weights=weights)
    folders = []
    for index in range(2):
        a, b, factors = factors_of(QUERY, 24, 24, seed=index)
        folders.append(write_adapter(tmp_path / f"adapter{index}", factors))
        weights[QUERY + ".weight"] = weights[QUERY + ".weight"] + np.float32(4) * (b @ a)
    merged = LocalModel(write_model(tmp_path / "merged", weights=weights))
    adapted = LocalModel(plain, adapters=folders)
    difference = merged.decoder.logits(text_tokens()) - adapted.decoder.logits(text_tokens())
    assert np.abs(difference).max() < 1e-4


def test_settings_of_folder_and_adapter(tmp_path):
    folder = write_model(tmp_path / "model")
    (folder / "ulmus.json").write_text('{"form": "numbered", "max_edit_tokens": 9}')
    adapter = write_adapter(tmp_path / "adapter", factors_of(QUERY, 24, 24)[2])
    (adapter / "ulmus.json").write_text('{"form": "unified"}')
    model = LocalModel(folder, adapters=[adapter])
    assert model.settings == {"form": "unified", "max_edit_tokens": 9}


@pytest.mark.parametrize(
    ("module", "sizes", "changes", "message"),
    [
        (QUERY, (24, 24), {"peft_type": "IA3"}, "expected a LORA adapter, got 'IA3'"),
        (QUERY, (24, 24), {"use_dora": True}, "use_dora is set"),
        (QUERY, (24, 24), {"modules_to_save": ["lm_head"]}, "modules_to_save is set"),
        (QUERY, (24, 24), {"bias": "all"}, "biases"),
        (QUERY, (24, 24), {"lora_alpha": "x"}, "lora_alpha must be a number"),
        (QUERY, (24, 30), {"base_model_name_or_path": "big"}, "do not fit .* belongs to big"),
        ("model.layers.7.mlp.up_proj", (24, 24), {}, "which the model lacks"),
    ],
)
def test_adapters_that_do_not_fit(tmp_path, module, sizes, changes, message):
    adapter = write_adapter(tmp_path / "adapter", factors_of(module, *sizes)[2], **changes)
    with pytest.raises(ModelError, match=message) as raised:
        LocalModel(write_model(tmp_path / "model"), adapters=[adapter])
    assert str(adapter) in str(raised.value)


def test_an_adapter_of_a_table_that_serves_twice(tmp_path):
    a, b, _ = factors_of("", SHAPES["tied"].vocabulary, 24)
    table = "model.embed_tokens"
    factors = {f"{table}.lora_embedding_A": b, f"{table}.lora_embedding_B": a}
    adapter = write_adapter(tmp_path / "adapter", factors)
    with pytest.raises(ModelError, match="no clear meaning"):
        LocalModel(write_model(tmp_path / "model", SHAPES["tied"]), adapters=[adapter])


def test_half_an_adapter_and_none(tmp_path):
    factors = factors_of(QUERY, 24, 24)[2]
    factors.pop(f"{QUERY}.lora_A.weight")
    with pytest.raises(ModelError, match="lacks one of its two factors"):
        Adapter(write_adapter(tmp_path / "a", factors))
    with pytest.raises(ModelError, match="it is empty"):
        Adapter(write_adapter(tmp_path / "b", {}))
    with pytest.raises(ModelError, match="adapter_config"):
        Adapter(tmp_path)
