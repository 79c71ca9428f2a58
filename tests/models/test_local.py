"""Answers of the embedded runtime: pure, ended where they should be, errors as values."""

import itertools
import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from tiny_llama import Tiny, tensors, write_model

from ulmus.errors import ConfigError
from ulmus.models.conformance import check_model
from ulmus.models.local import LocalModel
from ulmus.models.sampling import Sampler
from ulmus.records import Completion, Prompt, Sampling

PARENT = "def f(x):\n    return x + 1  # a parent of many children, longer than one page\n" * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"), Tiny(context=512))


@pytest.fixture(scope="module")
def model(folder):
    return LocalModel(folder)


def family():
    """Children of two parents with some messages, a short prompt, and equal prompts."""
    texts = [PARENT + message for message in ("", "a", "Fixed bugs.", "Changed f.", PARENT)]
    texts += ["x", PARENT[7:], "ü" * 40]
    return [Prompt(text, seed) for seed, text in enumerate(texts * 3)]


def test_local_models_conform(model):
    check_model(model, [Prompt("def f(x):", seed) for seed in range(3)] + [Prompt(PARENT, 9)])


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_answers_do_not_depend_on_batch_order_cache_or_threads(folder, model, temperature):
    sampling = Sampling(temperature=temperature, max_tokens=24)
    prompts = family()
    together = model.complete(prompts, sampling)
    assert len({answer.text for answer in together}) > (15 if temperature else 5)
    alone = [model.complete([prompt], sampling)[0] for prompt in prompts]
    assert alone == together
    other = LocalModel(folder, threads=2, batch_size=5, remembered_bytes=0)
    assert other.complete(prompts[::-1], sampling)[::-1] == together


def test_a_longer_answer_starts_like_a_shorter_one(model):
    short = model.complete(family(), Sampling(max_tokens=10))
    long = model.complete(family(), Sampling(max_tokens=30))
    for few, many in zip(short, long, strict=True):
        assert many.text.startswith(few.text.rstrip("\ufffd"))


def test_a_remembered_parent_is_not_computed_again(folder):
    model = LocalModel(folder)
    rows = []
    run = model.decoder.run
    model.decoder.run = lambda tokens, *rest: rows.append(len(tokens)) or run(tokens, *rest)
    one = Sampling(max_tokens=1)
    model.complete([Prompt(PARENT, seed) for seed in range(32)], one)
    assert sum(rows) == len(PARENT)
    rows.clear()
    model.complete([Prompt(PARENT + "Fixed.", 1)], one)
    assert sum(rows) == len(PARENT) + 6 - len(PARENT) // 32 * 32


def test_memory_for_prompts_is_bounded_and_no_page_is_lost(folder):
    model = LocalModel(folder)
    few = LocalModel(folder, remembered_bytes=3 * model.decoder.pages.page_bytes)
    for index in range(10):
        few.complete(
            [Prompt(f"{index}{PARENT}", seed) for seed in range(4)], Sampling(max_tokens=8)
        )
    pages = few.decoder.pages
    assert pages.num_remembered == 3
    assert pages.num_used == 0
    assert len(pages.keys) <= 64


def test_stop_texts_end_answers_also_across_tokens(model):
    prompts = family()
    answers = model.complete(prompts, Sampling(max_tokens=40))
    whole = max((answer.text for answer in answers), key=lambda text: len(text.encode()))
    stop = next(whole[i : i + 3] for i in range(5, len(whole)) if "\ufffd" not in whole[i : i + 3])
    stopped = model.complete(prompts, Sampling(max_tokens=40, stop=("<never>", stop)))
    assert any(few.text != many.text for few, many in zip(stopped, answers, strict=True))
    for few, many in zip(stopped, answers, strict=True):
        assert few.text == many.text.split(stop)[0]


def test_the_end_token_and_special_stop_texts_end_answers(tmp_path):
    weights = tensors(Tiny(tied=False))
    weights["lm_head.weight"][:] = 0
    weights["lm_head.weight"][256] = 5.0  # <|endoftext|> or <filename> wins, whatever came
    weights["model.norm.weight"][:] = 1
    model = LocalModel(write_model(tmp_path / "a", weights=weights))
    other = LocalModel(write_model(tmp_path / "b", weights=weights, eos_token_id=None))
    answers = [m.complete([Prompt("a"), Prompt("b")], Sampling(0.0)) for m in (model, other)]
    assert any(answer == Completion("", 1) for answer in answers[0])
    assert any(answer.text.startswith("<|endoftext|>" * 9) for answer in answers[1])
    stopped = other.complete([Prompt("a"), Prompt("b")], Sampling(0.0, stop=("<|endoftext|>",)))
    assert any(answer == Completion("", 1) for answer in stopped)


def test_what_cannot_be_answered_is_a_value(tmp_path):
    model = LocalModel(write_model(tmp_path, Tiny(context=64)))
    prompts = [Prompt("a" * 64), Prompt(""), Prompt("\ud800"), Prompt("a" * 60), Prompt("a")]
    long, empty, odd, full, fine = model.complete(prompts, Sampling(max_tokens=20))
    assert long == Completion("", error="the prompt has 64 tokens, the context 64")
    assert empty.error == "the prompt is empty"
    assert odd.error == "the prompt is no valid Unicode"
    assert full.error == "the context of 64 tokens is full"
    assert full.num_tokens == 5
    assert fine.error is None


def test_logits_that_are_not_finite_are_a_value(tmp_path):
    weights = tensors(Tiny())
    weights["model.norm.weight"][:] = 3e38
    weights["lm_head.weight"][:] = 3e38
    model = LocalModel(write_model(tmp_path, weights=weights))
    (answer,) = model.complete([Prompt("a")], Sampling())
    assert answer.text == ""
    assert "not finite" in answer.error


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=-1),
        Sampling(temperature=math.nan),
        Sampling(top_p=0),
        Sampling(top_p=1.1),
        Sampling(max_tokens=0),
        Sampling(stop=("",)),
    ],
)
def test_sampling_that_makes_no_sense(model, sampling):
    with pytest.raises(ConfigError):
        model.complete([Prompt("a")], sampling)


def test_the_name_is_a_digest_of_what_counts(folder, tmp_path):
    name = LocalModel(folder).name
    assert name == LocalModel(folder, threads=2).name
    assert name.startswith("local:21.9k:")
    other = write_model(tmp_path / "a", Tiny(context=512), weights=tensors(Tiny(), 2))
    assert LocalModel(other).name != name
    assert LocalModel(write_model(tmp_path / "b", Tiny(context=500))).name != name


def test_an_interrupted_call_leaves_a_usable_model(folder):
    model = LocalModel(folder)
    expected = model.complete([Prompt(PARENT)], Sampling(max_tokens=9))
    run, count = model.decoder.run, itertools.count()

    def stop_soon(*arguments):
        if next(count) == 3:
            raise KeyboardInterrupt
        return run(*arguments)

    model.decoder.run = stop_soon
    with pytest.raises(KeyboardInterrupt):
        model.complete(family(), Sampling())
    assert model.decoder.pages.num_used == 0
    assert model.complete([Prompt(PARENT)], Sampling(max_tokens=9)) == expected


LOGITS = np.log(np.array([0.4, 0.05, 0.3, 0.15, 0.1], np.float32))


def counts_of(sampling, number=4000):
    sampler = Sampler(sampling)
    return Counter(sampler.draw(LOGITS, seed, 3) for seed in range(number))


def chi_square(counts, expected):
    total = counts.total()
    return sum((counts[t] - share * total) ** 2 / (share * total) for t, share in expected.items())


@pytest.mark.parametrize(
    ("temperature", "top_p", "tokens"),
    [(1.0, 1.0, 5), (0.5, 1.0, 5), (2.0, 1.0, 5), (1.0, 0.7, 2), (1.0, 0.71, 3), (1.0, 0.96, 5)],
)
def test_draws_follow_the_distribution(temperature, top_p, tokens):
    order = np.argsort(-LOGITS)[:tokens]
    shares = np.exp(LOGITS[order] / temperature)
    expected = dict(zip(order.tolist(), (shares / shares.sum()).tolist(), strict=True))
    counts = counts_of(Sampling(temperature, top_p))
    assert set(counts) == set(expected)
    assert chi_square(counts, expected) < 18.5  # 4 degrees of freedom: exceeded once in 1,000


def test_positions_and_seeds_draw_independently():
    draw = Sampler(Sampling(1.0, 1.0)).draw
    pairs = Counter((draw(LOGITS, seed, 0), draw(LOGITS, seed, 1)) for seed in range(6000))
    shares = np.exp(LOGITS.astype(np.float64))
    expected = {(i, j): shares[i] * shares[j] for i in range(5) for j in range(5)}
    assert chi_square(pairs, expected) < 51.2  # 24 degrees of freedom: once in 1,000


def test_a_flat_distribution_over_many_tokens_is_drawn_whole():
    logits = np.zeros(5000, np.float32)
    sampler = Sampler(Sampling(1.0, 1.0))
    drawn = {sampler.draw(logits, seed, 0) for seed in range(3000)}
    assert min(drawn) < 20
    assert max(drawn) > 4980
    assert len(drawn) > 2000


def test_cold_draws_are_greedy():
    assert set(counts_of(Sampling(temperature=1e-9), 50)) == {0}
    assert set(counts_of(Sampling(temperature=1.0, top_p=1e-9), 50)) == {0}
    assert Sampler(Sampling()).draw(np.array([0, np.nan], np.float32), 1, 0) is None


def test_the_embedded_decoder_needs_no_torch():
    code = "import sys, ulmus.models.local; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
