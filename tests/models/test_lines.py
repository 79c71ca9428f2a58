"""Answers by line number: only lines that exist, in rising order, heads only where a line begins."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from ulmus.diffs.prompts import Layout
from ulmus.models.answers import Vocabulary, byte_letters
from ulmus.models.lines import LineGuide, LineRule
from ulmus.models.shelf import open_model
from ulmus.records import Prompt, Sampling

FORMS = ("@@ {}", "@@ {}\n", "@@ {}+\n", "-{}\n", "\n{}|")


def vocabulary(forms: tuple[str, ...] = FORMS, *, zero: bool = True) -> tuple[Vocabulary, int]:
    letters = {letter: number for number, letter in enumerate(byte_letters())}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [form.format(n) for form in forms for n in range(1, 10)] + ["@@ 0+\n"] * zero
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in texts])
    size = tokenizer.get_vocab_size()
    return Vocabulary(tokenizer, size, "here"), size


def answer(num_lines: int, seed: int, length: int = 40) -> str:
    """Draw tokens evenly from what the guide allows, heads and newlines more often."""
    words, size = vocabulary()
    guide = LineGuide(LineRule(words, size), num_lines)
    rng, text = random.Random(seed), ""
    for _ in range(length):
        logits = np.zeros(size, np.float32)
        logits[256:] = 4.0
        logits[10] = 7.0
        guide.allow(logits, at_line_start=not text or text.endswith("\n"))
        chances = np.exp(logits)
        token = rng.choices(range(size), weights=chances.tolist())[0]
        guide.take(token)
        text += words.decode([token]).decode("latin-1")
    return text


@pytest.mark.parametrize("num_lines", [1, 2, 5, 9])
def test_heads_name_lines_that_exist_in_rising_order(num_lines: int) -> None:
    for seed in range(60):
        text = answer(num_lines, seed)
        assert text.startswith("@@ ")
        last = -1
        for match in re.finditer(r"@@ ([0-9]+)(-([0-9]+))?\+?\n", text):
            assert match.start() == 0 or text[match.start() - 1] == "\n"
            assert last < int(match[1]) <= num_lines
            last = int(match[3] or match[1])
            assert int(match[1]) <= last <= num_lines


def test_a_range_that_begins_is_ended() -> None:
    texts = [answer(9, seed) for seed in range(60)]
    assert any(re.search(r"@@ [0-9]-[0-9]\n", text) for text in texts)
    assert not any(re.search(r"@@ [0-9](?![0-9+\n-])", text[:-3]) for text in texts)


def test_what_is_allowed_keeps_its_chance() -> None:
    words, size = vocabulary()
    guide = LineGuide(LineRule(words, size), 3)
    logits = np.arange(size, dtype=np.float32)
    guide.allow(logits, at_line_start=True)
    kept = np.isfinite(logits)
    assert np.array_equal(logits[kept], np.arange(size, dtype=np.float32)[kept])
    assert {words.decode([t]) for t in np.flatnonzero(kept)} == {
        b"@@ 0+\n", b"@@ 1", b"@@ 2",  # no range begins in the last line
        *(f"@@ {n}{end}".encode() for n in (1, 2, 3) for end in ("\n", "+\n")),
    }  # fmt: skip


def test_other_vocabularies_have_no_rule() -> None:
    assert not LineRule(*vocabulary(("\n{}|",), zero=False))


def test_a_guided_answer_leaves_its_unguided_sibling_alone() -> None:
    model = open_model("")[0]
    text = Layout().prompt("x = 1\ny = x\n", "Change a number")
    free = Prompt(text, 2)
    alone = model.complete([free], Sampling(max_tokens=8))
    mixed = model.complete([Prompt(text, 1, 2), free], Sampling(max_tokens=8))
    assert mixed[1:] == alone
