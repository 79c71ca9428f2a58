"""Whole texts as rows of tokens, and what nearly all of them begin with.

A step is a number of texts, drawn in an order that only the seed decides. They are packed into rows
by length; since each sees only itself, how they are packed changes nothing but the room.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from ulmus.errors import TrainingError
from ulmus.training.rows import Row, packed
from ulmus.training.shuffled import Shuffled
from ulmus.training.tokenizer import END

NEARLY_ALL = 0.99
"""Share of the texts that must begin with the lines that a model is asked to go on from."""
CHECKED = 500
"""Texts in which it is checked that the tokens of these lines stand at the beginning."""
ENCODED_AT_ONCE = 1_000


@dataclass(frozen=True)
class Encoded:
    """Texts as tokens.

    Attributes:
        texts: Tokens of each text, its end token included.
        num_bytes: Length of these texts in UTF-8.
        left_out: How many were left out, by reason.
        places: Of each text among those that were to be encoded.
    """

    texts: list[array[int]]
    num_bytes: int
    left_out: dict[str, int]
    places: list[int]

    @property
    def bytes_per_token(self) -> float | None:
        """What a judged token stands for on average; None if there is none."""
        judged = sum(len(text) - 1 for text in self.texts)
        return self.num_bytes / judged if judged else None


def encode(texts: Sequence[str], tokenizer: Tokenizer, longest: int, start: str = "") -> Encoded:
    """Turn texts into tokens, each with the end token behind it.

    Args:
        texts: Empty ones, and those that hold the end token, are left out.
        tokenizer: Knows the end token.
        longest: Longer ones are left out, in tokens.
        start: Is put before each.
    """
    kept: list[array[int]] = []
    places: list[int] = []
    num_bytes = 0
    left_out: Counter[str] = Counter()
    for first in range(0, len(texts), ENCODED_AT_ONCE):
        some = {}
        for place, text in enumerate(texts[first : first + ENCODED_AT_ONCE], first):
            if not text or END in text:
                left_out["empty" if not text else f"holds {END}"] += 1
            else:
                some[place] = start + text + END
        encodings = tokenizer.encode_batch(list(some.values()), add_special_tokens=False)
        for (place, text), encoding in zip(some.items(), encodings, strict=True):
            if len(encoding.ids) <= longest:
                kept.append(array("I", encoding.ids))
                places.append(place)
                num_bytes += len(text.removeprefix(start).removesuffix(END).encode())
            else:
                left_out[f"longer than {longest:,} tokens"] += 1
    return Encoded(kept, num_bytes, dict(left_out), places)


def packed_texts(texts: Iterable[Sequence[int]], room: int) -> list[Row]:
    """Pack texts into as few rows of up to `room` tokens as a simple rule finds.

    The longest go first, each into the first row that has room. All tokens but the first of a text
    are judged, with weight 1.
    """
    bins: list[list[Sequence[int]]] = []
    used: list[int] = []
    for text in sorted(texts, key=len, reverse=True):
        length = len(text) - 1  # the last token is only a target
        place = next((n for n, taken in enumerate(used) if taken + length <= room), len(bins))
        if place == len(bins):
            bins.append([])
            used.append(0)
        bins[place].append(text)
        used[place] += length
    return [packed([(list(text[:1]), list(text[1:]), 1.0) for text in some]) for some in bins]


class TextLessons(Shuffled[Sequence[int]]):
    """Texts in endless shuffled order; the loop's `Lessons`."""

    def __init__(
        self,
        texts: Sequence[Sequence[int]],
        room: int,
        seed: int,
        epochs: float | None = None,
        groups: Sequence[Hashable] | None = None,
    ):
        """Take texts as tokens.

        Args:
            texts: At least one.
            room: Tokens of a row.
            seed: Of the order.
            epochs: End after so many; None sets no end.
            groups: Of each text, if all groups are to come equally often.

        Raises:
            TrainingError: There is no text.
        """
        if not texts:
            raise TrainingError("there is no text to learn from")
        super().__init__(texts, "order/texts", seed, epochs, groups)
        self._room = room

    def rows(self, num_tokens: int, done: float) -> list[Row]:
        """Return rows of the next texts, at least one text, until they hold `num_tokens`."""
        return packed_texts(self.take(num_tokens, lambda text: len(text) - 1), self._room)


def common_lines(texts: Sequence[str], tokenizer: Tokenizer) -> str:
    """Return the first lines of nearly all texts; empty if they begin in different ways.

    What is returned has the same tokens alone as at the beginning of these texts, so that a model
    that goes on from it stands where it stood in its training. The last line may lack its line end
    for that, and no text of them ends with it.
    """
    lines: list[str] = []
    agreeing = list(texts)
    while agreeing:
        place = len(lines)
        heads = Counter(
            parts[place] for text in agreeing if place < len(parts := text.split("\n")) - 1
        )
        line, count = heads.most_common(1)[0] if heads else ("", 0)
        if count < NEARLY_ALL * len(texts):
            break
        lines.append(line)
        head = "\n".join(lines) + "\n"
        agreeing = [text for text in agreeing if text.startswith(head) and text != head]
        if len(agreeing) < NEARLY_ALL * len(texts):
            lines.pop()
            break
    while lines:
        for head in ("\n".join(lines) + "\n", "\n".join(lines)):
            if head.strip() and _stands_alone(head, texts, tokenizer):
                return head
        lines.pop()
    return ""


def _stands_alone(head: str, texts: Sequence[str], tokenizer: Tokenizer) -> bool:
    """Tell whether a beginning has the same tokens without what follows."""
    alone = tokenizer.encode(head, add_special_tokens=False).ids
    whole = [text for text in texts if text.startswith(head)][:CHECKED]
    encodings = tokenizer.encode_batch(whole, add_special_tokens=False)
    return all(encoding.ids[: len(alone)] == alone for encoding in encodings)


def length_of_answers(texts: Sequence[Sequence[int]]) -> int:
    """Return how long an answer may be: the length of 99.9 % of the texts, and a quarter more."""
    lengths = sorted(map(len, texts))
    return math.ceil(1.25 * lengths[min(len(lengths) - 1, math.floor(0.999 * len(lengths)))])
