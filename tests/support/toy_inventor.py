"""A stage-2 model of a dozen words, for trainings that take a blink."""

from __future__ import annotations

import json
from pathlib import Path

WORDS = ("<|endoftext|>", "go", "a", "b", "c", "d", "e", "f")


def write_inventor(
    folder: Path, *, prompt: str = "go", max_tokens: int = 5, **told: object
) -> Path:
    """Write a tiny untaught inventor; its programs are words with spaces between."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    from ulmus.training.bases import Trainee, write_model
    from ulmus.training.networks import Llama, Shape

    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, "f"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    net = Llama(Shape(len(WORDS), 32, 2, 2, 64, context=64), seed=3)
    asking = {
        "kind": "inventor", "prompt": prompt, "end": "<|endoftext|>", "problem": "sodarace",
        "problem_options": {}, "properties": "none", "max_tokens": max_tokens, **told,
    }  # fmt: skip
    write_model(folder, Trainee(net, tokenizer, "none"), asking, "")
    assert json.loads((folder / "ulmus.json").read_text("utf-8"))["kind"]
    return folder
