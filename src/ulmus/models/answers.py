"""From tokens to text, and where an answer ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ulmus.errors import ModelError
from ulmus.models.scripted import cut_at_stop

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Vocabulary:
    """A tokenizer, and the bytes that each of its tokens stands for.

    Attributes:
        is_exact: True if the bytes of tokens are the bytes of each one in turn.
    """

    def __init__(
        self, tokenizer: Tokenizer, size: int, origin: str, marks: Sequence[str] = ()
    ) -> None:
        """Set up.

        Args:
            tokenizer: The tokenizer.
            size: Tokens of the model; those that the tokenizer lacks stand for no text.
            origin: Where the tokenizer comes from, for messages.
            marks: Texts that a prompt may hold besides, tokens from `size` on; see `prefixes`.

        Raises:
            ModelError: It has more tokens than the model.
        """
        self._tokenizer = tokenizer
        self._size = size
        largest = self._largest()
        if largest >= size:
            raise ModelError(
                f"{origin} has tokens up to {largest} and the model those below {size}; "
                "tokenizer and weights do not belong together"
            )
        self._bytes = self._byte_table() if self._is_byte_level() else None
        self.is_exact = self._bytes is not None
        tokenizer.add_special_tokens(list(marks))
        self._marks = {tokenizer.token_to_id(mark): size + k for k, mark in enumerate(marks)}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text.

        Raises:
            ValueError: The text is no valid Unicode.
        """
        text.encode("utf-8")  # the tokenizer dies in other ways
        tokens: list[int] = self._tokenizer.encode(text).ids
        return [self._marks.get(token, token) for token in tokens] if self._marks else tokens

    def decode(self, tokens: Sequence[int]) -> bytes:
        """Return the bytes of tokens, special ones included; they may end inside a character."""
        if self._bytes is not None:
            return b"".join(map(self._bytes.__getitem__, tokens))
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=False)
        return text.encode()

    def _largest(self) -> int:
        table: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        return max(table.values(), default=-1)

    def _is_byte_level(self) -> bool:
        decoder = self._tokenizer.decoder
        return decoder is not None and type(decoder).__name__ == "ByteLevel"

    def _byte_table(self) -> list[bytes]:
        letters = {letter: value for value, letter in enumerate(byte_letters())}
        table = [b""] * self._size
        added = {number: entry.content for number, entry in self._added().items()}
        for token, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            if number in added or any(letter not in letters for letter in token):
                table[number] = added.get(number, token).encode()
            else:
                table[number] = bytes(letters[letter] for letter in token)
        return table

    def _added(self) -> dict[int, Any]:
        entries: dict[int, Any] = self._tokenizer.get_added_tokens_decoder()
        return entries


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer file.

    Raises:
        ModelError: It is missing or cannot be read.
    """
    from tokenizers import Tokenizer

    if not path.is_file():
        raise ModelError(f"{path} is missing; a model needs its tokenizer")
    try:
        text = path.read_text("utf-8")
        json.loads(text)
        return Tokenizer.from_str(text)
    except Exception as error:  # noqa: BLE001 (the library raises bare exceptions)
        raise ModelError(f"cannot read the tokenizer {path}: {error}") from None


def byte_letters() -> list[str]:
    """Return the letter that stands for each byte in byte-level vocabularies (Radford et al. 2019).

    Printable bytes of Latin-1 stand for themselves, the others for letters from U+0100 on.
    """
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = []
    spare = 256
    for value in range(256):
        letters.append(chr(value if value in plain else spare))
        spare += value not in plain
    return letters


class Answer:
    """The text of one answer while it grows."""

    def __init__(self, vocabulary: Vocabulary, stop: Sequence[str], ends: Sequence[int]) -> None:
        """Set up an empty answer.

        Args:
            vocabulary: Of the model.
            stop: Texts that end the answer.
            ends: Tokens that end the answer.
        """
        self._vocabulary = vocabulary
        self._words = tuple(stop)
        self._stop = [word.encode("utf-8", "surrogatepass") for word in stop]
        self._longest = max(map(len, self._stop), default=0)
        self._ends = frozenset(ends)
        self._tokens: list[int] = []
        self._text = b""
        self.num_tokens = 0
        self.ended = False

    @property
    def text(self) -> str:
        """The text without what ended it; a character that was cut is marked with U+FFFD."""
        return cut_at_stop(self.text_so_far, self._words)  # a stop text may be the mark itself

    @property
    def text_so_far(self) -> str:
        """The text up to now; a character that still lacks bytes is marked with U+FFFD."""
        return self._text.decode("utf-8", "replace")

    @property
    def tokens(self) -> Sequence[int]:
        """The tokens that the text is made of."""
        return self._tokens

    @property
    def at_line_start(self) -> bool:
        """Whether what comes next begins a line."""
        return not self._text or self._text.endswith(b"\n")

    def add(self, token: int) -> None:
        """Add a token; afterwards `ended` tells whether the answer ends here."""
        self.num_tokens += 1
        if token in self._ends:
            self.ended = True
            return
        self._tokens.append(token)
        if self._vocabulary.is_exact:
            seen = len(self._text)
            self._text += self._vocabulary.decode([token])
        else:
            seen = 0
            self._text = self._vocabulary.decode(self._tokens)
        self._cut(max(0, seen - self._longest + 1))

    def cut(self, num_tokens: int) -> None:
        """Take back all tokens but the first; what remains had not ended."""
        self.num_tokens, self.ended = num_tokens, False
        self._tokens = self._tokens[:num_tokens]
        self._text = self._vocabulary.decode(self._tokens)

    def _cut(self, start: int) -> None:
        """Cut the text before the first stop text that ends after `start`."""
        places = [self._text.find(word, start) for word in self._stop]
        places = [place for place in places if place >= 0]
        if places:
            self._text = self._text[: min(places)]
            self.ended = True
