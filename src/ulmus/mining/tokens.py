"""How many tokens a text has: exactly with a `tokenizer.json`, nearly without."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ulmus.errors import ConfigError

CODE_CHARS_PER_TOKEN = 3.65
DIFF_CHARS_PER_TOKEN = 3.12
"""Measured with the SmolLM2 tokenizer on mined samples (docs/mining.md)."""

EXTRA_TOKENS = 12
"""Markers and the file name (before + message + diff + 12)."""


class Counter(Protocol):
    """Counts tokens.

    Attributes:
        most_chars: No text has more characters per token.
    """

    most_chars: float

    def code(self, text: str) -> int:
        """Return the tokens of code or of a message."""
        ...

    def diff(self, text: str) -> int:
        """Return the tokens of a diff."""
        ...


class Approximate:
    """Divides the number of characters by a measured constant."""

    most_chars = CODE_CHARS_PER_TOKEN

    def code(self, text: str) -> int:
        """Return the tokens of code or of a message."""
        return -int(-len(text) // CODE_CHARS_PER_TOKEN)

    def diff(self, text: str) -> int:
        """Return the tokens of a diff."""
        return -int(-len(text) // DIFF_CHARS_PER_TOKEN)


class Exact:
    """Counts with a tokenizer of the `tokenizers` package.

    Raises:
        ConfigError: The package is not installed or the file is no tokenizer.
    """

    most_chars = 8.0  # of code and English, by experience; longer units are not worth counting

    def __init__(self, file: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ConfigError("--tokenizer needs the package `tokenizers`") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the package raises no other kind
            raise ConfigError(f"{file} is no tokenizer: {error}") from error

    def code(self, text: str) -> int:
        """Return the tokens of code or of a message."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    diff = code


def counter(file: Path | None) -> Counter:
    """Return the counter for a `tokenizer.json`, or the approximation."""
    return Exact(file) if file else Approximate()
