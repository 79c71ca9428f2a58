"""The embedded decoder: children per CPU second, beside transformers and CTranslate2.

    python benchmarks/decoder.py [--sizes 3m 12m 135m] [--runtimes ulmus transformers ctranslate2]
    python benchmarks/decoder.py --profile 12m       where the time of the embedded decoder goes

A child is 40 new tokens after a prompt of 300, drawn at temperature 0.8, top-p 0.95. The weights
are random, the same for all runtimes, scaled so that logits spread as those of trained models do
(standard deviation 5). One thread, CPU seconds of this process. `batch` children have one prompt
("one parent"), or each its own. The first call of each runtime is not counted. Rows of runtimes
that are not installed are left out with a word: pip install ctranslate2 transformers torch.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from machine import print_rows, write_rows
from ulmus.models.answers import byte_letters
from ulmus.models.local import LocalModel
from ulmus.models.tensors import write_tensors
from ulmus.models.weights import EMBEDDING, FINAL_NORM
from ulmus.records import Prompt, Sampling

SHAPES = {  # vocabulary, width, inner width, layers, heads, groups (section 8 of the pilot study)
    "3m": (4096, 192, 512, 6, 6, 6),
    "12m": (8192, 320, 864, 8, 10, 5),
    "135m": (49152, 576, 1536, 30, 9, 3),  # SmolLM2-135M
}
PROMPT_TOKENS = 300
NEW_TOKENS = 40
SAMPLING = Sampling(temperature=0.8, top_p=0.95, max_tokens=NEW_TOKENS)
LOGIT_SPREAD = 5.0

Batch = Callable[[Sequence[str], int], None]
"""Draws one child for each prompt, for a seed."""


def make_model(name: str, folder: Path) -> None:
    """Write a model with random weights in Hugging Face layout; one token per character."""
    vocabulary, width, inner, layers, heads, groups = SHAPES[name]
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return rng.standard_normal(shape, np.float32) * np.float32(shape[-1] ** -0.5)

    tensors: dict[str, Any] = {EMBEDDING: normal(vocabulary, width)}
    head = width // heads
    for index in range(layers):
        prefix = f"model.layers.{index}."
        for part, rows in (("q", heads), ("k", groups), ("v", groups)):
            tensors[f"{prefix}self_attn.{part}_proj.weight"] = normal(rows * head, width)
        tensors[f"{prefix}self_attn.o_proj.weight"] = normal(width, heads * head)
        for part in ("gate", "up"):
            tensors[f"{prefix}mlp.{part}_proj.weight"] = normal(inner, width)
        tensors[f"{prefix}mlp.down_proj.weight"] = normal(width, inner)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}{norm}.weight"] = np.ones(width, np.float32)
    tensors[FINAL_NORM] = np.full(width, LOGIT_SPREAD, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", tensors)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary,
        "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": groups, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 1024, "hidden_act": "silu",
        "tie_word_embeddings": True, "torch_dtype": "float32",
        "bos_token_id": None, "eos_token_id": None,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(vocabulary)))


def tokenizer(size: int) -> dict[str, Any]:
    """Return a byte-level tokenizer without merges: each byte is a token, the others unused."""
    letters = byte_letters()
    vocabulary = {letter: index for index, letter in enumerate(letters)}
    vocabulary |= {letters[65] * 8 + str(index): index for index in range(256, size)}
    level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": False,
    }
    return {
        "version": "1.0", "added_tokens": [], "normalizer": None, "post_processor": None,
        "pre_tokenizer": level, "decoder": level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip


def prompt(seed: int) -> str:
    """Return a text of `PROMPT_TOKENS` bytes."""
    rng = np.random.default_rng(seed)
    return "".join(map(chr, rng.integers(97, 123, PROMPT_TOKENS)))


def ulmus(folder: Path) -> Batch:
    """Return the embedded decoder."""
    model = LocalModel(folder)

    def batch(texts: Sequence[str], seed: int) -> None:
        prompts = [Prompt(text, seed * 1000 + index) for index, text in enumerate(texts)]
        answers = model.complete(prompts, SAMPLING)
        assert all(a.num_tokens == NEW_TOKENS and a.error is None for a in answers)

    return batch


def transformers(folder: Path) -> Batch:
    """Return `generate` of transformers, float32; one prompt is expanded inside."""
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def batch(texts: Sequence[str], seed: int) -> None:
        torch.manual_seed(seed)
        distinct = list(dict.fromkeys(texts))
        ids = torch.tensor([list(text.encode()) for text in distinct])
        answers = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=0.8, top_p=0.95,
            top_k=0, min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS,
            num_return_sequences=len(texts) // len(distinct), pad_token_id=0,
        )  # fmt: skip
        assert answers.shape == (len(texts), PROMPT_TOKENS + NEW_TOKENS)

    return batch


def ctranslate2(folder: Path) -> Batch:
    """Return CTranslate2 in float32; one prompt is expanded inside (`num_hypotheses`)."""
    import ctranslate2 as ct2
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_tokenizer(self, tokenizer_class: Any, path: str, **kwargs: Any) -> Any:
            from transformers import PreTrainedTokenizerFast

            ends = {"bos_token": "a", "eos_token": "b", "unk_token": "c"}
            return PreTrainedTokenizerFast(tokenizer_file=f"{path}/tokenizer.json", **ends)

    converted = folder / "ct2"
    Converter(str(folder)).convert(str(converted), force=True)
    generator = ct2.Generator(
        str(converted), compute_type="float32", inter_threads=1, intra_threads=1
    )

    def batch(texts: Sequence[str], seed: int) -> None:
        ct2.set_random_seed(seed)
        distinct = list(dict.fromkeys(texts))
        results = generator.generate_batch(
            [list(text) for text in distinct], max_length=NEW_TOKENS, min_length=NEW_TOKENS,
            sampling_topk=0, sampling_topp=0.95, sampling_temperature=0.8,
            num_hypotheses=len(texts) // len(distinct), include_prompt_in_result=False,
        )  # fmt: skip
        assert sum(len(r.sequences_ids) for r in results) == len(texts)
        assert all(len(ids) == NEW_TOKENS for r in results for ids in r.sequences_ids)

    return batch


RUNTIMES: dict[str, Callable[[Path], Batch]] = {
    "ulmus": ulmus,
    "transformers": transformers,
    "ctranslate2": ctranslate2,
}
CASES = ((32, True), (32, False), (1, True))
"""Batch, and whether all children of it have one parent."""


def measure(
    name: str, runtime: str, folder: Path, cases: Sequence[Any], least_s: float
) -> list[Any]:
    """Return one row per case."""
    batch = RUNTIMES[runtime](folder)
    batch([prompt(0)] * 2, 0)
    rows = []
    for size, shared in cases:
        calls, start, seed = 0, time.process_time(), 1 + 1000 * size + shared
        while calls == 0 or time.process_time() - start < least_s:
            seed += 10_000
            batch([prompt(seed if shared else seed + 100 * i) for i in range(size)], seed)
            calls += 1
        used = time.process_time() - start
        rows.append({
            "model": name, "runtime": runtime, "batch": size,
            "prompts": "one parent" if shared else "separate",
            "children": calls * size, "cpu_s": round(used, 2),
            "children_per_cpu_s": round(calls * size / used, 2),
            "tokens_per_cpu_s": round(calls * size * NEW_TOKENS / used),
        })  # fmt: skip
        print(list(rows[-1].values()), flush=True)
    return rows


def profile(folder: Path) -> None:
    """Print where the time of one batch goes."""
    import cProfile
    import pstats

    batch = ulmus(folder)
    batch([prompt(0)] * 2, 0)
    with cProfile.Profile() as recorded:
        for seed in range(1, 4):
            batch([prompt(seed)] * 32, seed)
    pstats.Stats(recorded).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--seconds", type=float, default=3.0, help="least CPU time of a row")
    parser.add_argument("--one-parent", action="store_true", help="the first case only")
    parser.add_argument("--profile", choices=SHAPES)
    parser.add_argument("--machine")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if told.profile:
            make_model(told.profile, Path(place))
            profile(Path(place))
            return
        rows = []
        for size in told.sizes:
            folder = Path(place) / size
            make_model(size, folder)
            for runtime in told.runtimes:
                if runtime != "ulmus" and importlib.util.find_spec(runtime) is None:
                    print(f"{runtime} is not installed, its rows are left out", flush=True)
                    continue
                few = runtime != "ulmus" and size == "135m"  # minutes otherwise
                cases = CASES[:1] if few or told.one_parent else CASES
                rows += measure(size, runtime, folder, cases, told.seconds)
    print_rows(rows)
    print(write_rows("decoder", rows, told.machine))


if __name__ == "__main__":
    main()
