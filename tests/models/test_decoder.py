"""The decoder computes what transformers computes, and each text as if it were alone."""

from pathlib import Path

import numpy as np
import pytest
from tiny_llama import SHAPES, Tiny, tensors, text_tokens, write_model

from ulmus.models import tiles
from ulmus.models.architecture import read_architecture
from ulmus.models.decoder import Decoder
from ulmus.models.kernels import CHAIN, PAGE, PANEL, ROWS, linear
from ulmus.models.local import LocalModel
from ulmus.models.tensors import to_int8, write_tensors
from ulmus.models.weights import load_weights, pack
from ulmus.records import Prompt, Sampling

REFERENCE = Path(__file__).with_name("reference.npz")
PLACES = (0, 1, 30, 31, 32, 33, 63, 64, 69)  # as in make_reference.py


def decoder_of(folder, threads=1):
    shape = read_architecture(folder / "config.json")
    return Decoder(shape, load_weights(folder, shape), threads=threads, remembered_bytes=0)


@pytest.mark.parametrize("name", SHAPES)
def test_logits_are_those_of_transformers(tmp_path, name):
    logits = decoder_of(write_model(tmp_path, SHAPES[name])).logits(text_tokens())
    expected = np.load(REFERENCE)[f"{name}.logits"]
    assert np.abs(expected).max() > 3, "flat logits would show nothing"
    assert np.abs(logits[list(PLACES)] - expected).max() < 1e-4


@pytest.mark.parametrize("name", SHAPES)
def test_greedy_answers_are_those_of_transformers(tmp_path, name):
    model = LocalModel(write_model(tmp_path, SHAPES[name]))
    tokens = np.load(REFERENCE)[f"{name}.greedy"]
    prompt = Prompt(bytes(text_tokens().tolist()).decode())
    (answer,) = model.complete([prompt], Sampling(temperature=0, max_tokens=len(tokens)))
    ends = np.flatnonzero(tokens == 256)
    kept = tokens[: ends[0]] if len(ends) else tokens
    parts = {**{i: bytes([i]) for i in range(256)}, 257: b"<filename>", 258: b"<file_sep>"}
    expected = b"".join(parts.get(int(token), b"") for token in kept)
    assert answer.text == expected.decode("utf-8", "replace")
    assert answer.num_tokens == min(len(kept) + 1, len(tokens))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", SHAPES)
def test_logits_against_transformers_itself(tmp_path, name, seed):
    torch = pytest.importorskip("torch", reason="needs the extra ulmus[train]")
    transformers = pytest.importorskip("transformers", reason="needs the extra ulmus[train]")
    folder = write_model(tmp_path, SHAPES[name], weights=tensors(SHAPES[name], seed))
    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokens = text_tokens(100)
    with torch.no_grad():
        expected = model(torch.tensor(tokens[None].astype(np.int64))).logits[0].numpy()
    assert np.abs(decoder_of(folder).logits(tokens) - expected).max() < 1e-4


def test_the_cache_computes_what_the_whole_text_computes(tmp_path):
    decoder = decoder_of(write_model(tmp_path))
    tokens = text_tokens(PAGE + 9)
    whole = decoder.logits(tokens)
    pages = [decoder.pages.take(), decoder.pages.take()]
    for place, token in enumerate(tokens):
        one = np.array([place], np.int32)
        line = decoder.run(np.array([token], np.int32), one, np.array([pages]), np.arange(1))
        assert (line[0] == whole[place]).all()


def test_threads_change_no_bit(tmp_path):
    folder = write_model(tmp_path, SHAPES["odd"])
    tokens = text_tokens()
    alone, crew = decoder_of(folder).logits(tokens), decoder_of(folder, threads=3).logits(tokens)
    assert (alone == crew).all()


def test_packed_matrices_hold_what_they_were_given():
    matrix = np.arange(7 * (PANEL + 5), dtype=np.float32).reshape(PANEL + 5, 7)
    panels = pack(matrix)
    back = panels.transpose(0, 2, 1).reshape(-1, 7)
    assert panels.shape == (2, 7, PANEL)
    assert (back[: PANEL + 5] == matrix).all()
    assert not back[PANEL + 5 :].any()


def product(rows, matrix):
    panels = pack(matrix)
    out = np.empty((len(rows), len(panels) * PANEL), np.float32)
    linear(0, len(panels), rows, panels, out)
    return out[:, : len(matrix)]


@pytest.mark.parametrize("inner", [1, CHAIN - 1, CHAIN, CHAIN + 1, 3 * CHAIN + 5])
def test_products_are_right_however_long_the_sums(inner):
    numbers = np.random.default_rng(inner)
    rows = numbers.standard_normal((2 * ROWS, inner), dtype=np.float32)
    matrix = numbers.standard_normal((PANEL + 5, inner), dtype=np.float32)
    exact = rows.astype(np.float64) @ matrix.T.astype(np.float64)
    assert np.abs(product(rows, matrix) - exact).max() < 2e-6 * np.abs(rows).sum(1).max()


def test_long_sums_round_less_than_one_chain_does():
    numbers = np.random.default_rng(1)
    rows = numbers.random((ROWS, 8 * CHAIN), dtype=np.float32)
    matrix = numbers.random((PANEL, 8 * CHAIN), dtype=np.float32)
    terms = rows[:, None, :] * matrix[None]
    exact = rows.astype(np.float64) @ matrix.T.astype(np.float64)
    one_chain = np.abs(np.cumsum(terms, 2, dtype=np.float32)[:, :, -1] - exact).mean()
    assert np.abs(product(rows, matrix) - exact).mean() < 0.4 * one_chain


@pytest.mark.parametrize(
    ("features", "lanes"), [({"avx512f": True}, 16), ({"avx2": True}, 8), (None, 8)]
)
def test_vectors_are_as_wide_as_the_processor_has_them(monkeypatch, features, lanes):
    def told():
        if features is None:
            raise RuntimeError("failed to get host cpu features")
        return features

    monkeypatch.setattr(tiles.binding, "get_host_cpu_features", told)
    assert tiles._lanes() == lanes


@pytest.mark.parametrize(("kind", "tolerance"), [("float16", 0.02), ("int8", 0.5)])
def test_smaller_files_give_nearly_the_same_logits(tmp_path, kind, tolerance):
    shape = SHAPES["even"]
    small = {}
    for name, tensor in tensors(shape).items():
        if kind == "int8" and tensor.ndim == 2:
            small[name], small[name + "_scale"] = to_int8(tensor)
        else:
            small[name] = tensor.astype(np.float16)
    whole = decoder_of(write_model(tmp_path / "a", shape)).logits(text_tokens())
    less = decoder_of(write_model(tmp_path / "b", shape, weights=small)).logits(text_tokens())
    difference = np.abs(whole - less)
    assert 0 < difference.mean() < tolerance
    sizes = [(tmp_path / folder / "model.safetensors").stat().st_size for folder in "ab"]
    assert sizes[1] < 0.6 * sizes[0]


def test_bfloat16_files_are_read(tmp_path):
    shape = Tiny()
    weights = tensors(shape)
    cut = {n: (t.view(np.uint32) & 0xFFFF0000).view(np.float32) for n, t in weights.items()}
    expected = decoder_of(write_model(tmp_path / "a", shape, weights=cut)).logits(text_tokens())
    folder = write_model(tmp_path / "b", shape)
    halves = {n: (t.view(np.uint32) >> 16).astype(np.uint16) for n, t in cut.items()}
    write_tensors(folder / "model.safetensors", {n: t.view(np.float16) for n, t in halves.items()})
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes().replace(b'"dtype": "F16"', b'"dtype":"BF16"'))
    assert (decoder_of(folder).logits(text_tokens()) == expected).all()
