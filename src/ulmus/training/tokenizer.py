"""Own tokenizers: byte pairs learned from the data, and one token for each marker of a prompt.

Digits stand alone, so a number is written figure by figure. What the numbered form repeats on
every line, the number with its bar, is one token each; so is each head of an edit with the line
that it names, which turns "where" into a single choice, and what follows stands right behind it as
the line stands behind its bar.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from ulmus.errors import TrainingError

END = "<|endoftext|>"
SPECIAL = (END, "<filename>", "<file_sep>", "<jupyter_output>")
NUM_LINES = 300
"""Lines whose number is one token; later ones are written figure by figure."""

WORDS = r"\n|[0-9]| ?\.?[A-Za-z_]+\(?| ?[^\sA-Za-z0-9_]+ ?| +|\s"
"""Names with the space or dot before and the bracket behind, operators with their spaces; the
spaces that indent a line are a piece of their own."""
LINES = r"[0-9]|[^0-9\n]+|\n"
"""Pieces may reach over words: right for a few hundred tokens of one family of programs."""


def train_tokenizer(
    texts: Iterable[str], size: int, *, whole_lines: bool = False, numbered: bool = True
) -> Tokenizer:
    """Learn a byte-level tokenizer.

    Args:
        texts: What it will have to say, most of it.
        size: Number of tokens without those of line numbers, at least 300.
        whole_lines: Let tokens reach over words.
        numbered: Add the tokens of line numbers.

    Raises:
        TrainingError: The size leaves no room for the bytes and the markers.
    """
    if size < 256 + len(SPECIAL):
        raise TrainingError(f"a vocabulary of {size} cannot hold the 256 bytes and 4 markers")
    tokenizer = Tokenizer(models.BPE())
    pattern = Regex(LINES if whole_lines else WORDS)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if numbered:
        tokenizer.add_tokens([AddedToken(text, normalized=False) for text in line_tokens()])
    return tokenizer


MARKS = ("\n{}|", "@@ {}", "@@ {}\n", "@@ {}+\n")
"""How a line is named: in the program, and at the head of what replaces or follows it."""
END_OF_RANGE = "-{}\n"


def line_tokens() -> list[str]:
    """Return the texts that the numbered form repeats, each of which is one token."""
    numbers = range(1, NUM_LINES + 1)
    named = [form.format(number) for form in (*MARKS, END_OF_RANGE) for number in numbers]
    return [*named, "@@ 0+\n"]


def mark_tokens(tokenizer: Tokenizer) -> list[list[int]]:
    """Return for each way to name a line the tokens of line 1, 2, ..., the end of a range last."""
    tokens = tokenizer.get_vocab()
    forms = (*MARKS, END_OF_RANGE)
    return [[tokens[form.format(n)] for n in range(1, NUM_LINES + 1)] for form in forms]


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read tokenizer.json of a model folder.

    Raises:
        TrainingError: There is none, or it is damaged.
    """
    file = folder / "tokenizer.json"
    try:
        return Tokenizer.from_str(file.read_text("utf-8"))
    except OSError as error:
        raise TrainingError(f"cannot read {file}: {error.strerror}") from error
    except Exception as error:
        raise TrainingError(f"{file} is not a tokenizer: {error}") from error


def end_token(tokenizer: Tokenizer) -> int:
    """Return the number of the token that ends a text.

    Raises:
        TrainingError: The vocabulary has none.
    """
    number = tokenizer.token_to_id(END)
    if number is None:
        raise TrainingError(f"the vocabulary of the base has no {END}, which ends every text")
    return number


def check_fits(tokenizer: Tokenizer, rows: int, markers: Iterable[str]) -> None:
    """Check that a base and its tokenizer go together and know the markers as single tokens.

    Args:
        tokenizer: Of the base.
        rows: Rows of the base's embedding.
        markers: Texts that structure a prompt.

    Raises:
        TrainingError: They do not; the message says why and what helps.
    """
    size = tokenizer.get_vocab_size()
    if size > rows:
        raise TrainingError(
            f"the tokenizer of the base has {size} tokens, its network only {rows}: they do not "
            "belong together"
        )
    broken = [text for text in markers if len(tokenizer.encode(text).ids) != 1]
    if broken:
        other = "" if END in broken else "train it with --style tags --form unified, or "
        raise TrainingError(
            f"the vocabulary of the base does not know {', '.join(broken)} as single tokens; "
            f"{other}choose another base"
        )


os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
