"""Edits by line number that can only name lines which exist, in rising order.

Where a vocabulary has the heads of the numbered form as tokens ("@@ 12" with what follows, see
`ulmus.diffs.numbered`), an answer to a prompt that says how many lines its program has begins with
a head, has further ones at the begin of a line only, and each names a line after those before. The
tokens that would break this get no chance; the shares of the others stay as they are.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ulmus.models.answers import Vocabulary

Array = np.ndarray[Any, np.dtype[Any]]

_HEAD = re.compile(rb"@@ ([0-9]{1,6})(\+?\n)?")
_END = re.compile(rb"-([0-9]{1,6})\n")


class LineRule:
    """The tokens of a vocabulary that name lines; false if there are none."""

    def __init__(self, vocabulary: Vocabulary, size: int) -> None:
        """Look through `size` tokens."""
        heads, ends = [], []
        for token in range(size if vocabulary.is_exact else 0):
            text = vocabulary.decode([token])
            if match := _HEAD.fullmatch(text):
                heads.append((token, int(match[1]), match[2] is None))
            elif match := _END.fullmatch(text):
                ends.append((token, int(match[1])))
        self._heads = np.array([token for token, _, _ in heads], np.int64)
        self._names = np.array([number for _, number, _ in heads], np.int64)
        # A head whose range is still to be ended needs one more line.
        tops = [number + (is_open and bool(ends)) for _, number, is_open in heads]
        self._tops = np.array(tops, np.int64)
        self._ends = np.array([token for token, _ in ends], np.int64)
        self._end_names = np.array([number for _, number in ends], np.int64)
        self._is_open = {token: is_open and bool(ends) for token, _, is_open in heads}
        self._head = {token: number for token, number, _ in heads}
        self._end = dict(ends)

    def __bool__(self) -> bool:
        """Tell whether there is anything to rule."""
        return len(self._heads) > 0

    def starts_range(self, token: int) -> bool:
        """Tell whether a token is a head that goes on with the end of a range."""
        return self._is_open.get(token, False)

    def head(self, token: int) -> int | None:
        """Return the line that a head names, None for another token."""
        return self._head.get(token)

    def end(self, token: int) -> int | None:
        """Return the line that the end of a range names, None for another token."""
        return self._end.get(token)

    def only_heads(self, logits: Array, least: int, most: int) -> None:
        """Let nothing but heads of lines `least` to `most` be drawn."""
        self._only(logits, self._heads[(self._names >= least) & (self._tops <= most)])

    def only_ends(self, logits: Array, least: int, most: int) -> None:
        """Let nothing but the end of a range within `least` to `most` be drawn."""
        self._only(logits, self._ends[(self._end_names >= least) & (self._end_names <= most)])

    def no_heads_beyond(self, logits: Array, least: int, most: int) -> None:
        """Let no heads of lines outside `least` to `most` be drawn."""
        logits[self._heads[(self._names < least) | (self._tops > most)]] = -np.inf

    def no_heads(self, logits: Array) -> None:
        """Let no head be drawn."""
        logits[self._heads] = -np.inf

    def _only(self, logits: Array, tokens: Array) -> None:
        if len(tokens):
            kept = logits[tokens].copy()
            logits[:] = -np.inf
            logits[tokens] = kept


class LineGuide:
    """Where one answer stands by the rule."""

    def __init__(self, rule: LineRule, num_lines: int) -> None:
        """Begin an answer to a program of so many lines."""
        self._rule = rule
        self._most = num_lines
        self._least = 0
        self._begun = False
        self._in_range = False

    def allow(self, logits: Array, *, at_line_start: bool) -> None:
        """Take their chance from the tokens that must not come next; changes `logits`."""
        if not self._begun:
            self._rule.only_heads(logits, 0, self._most)
        elif self._in_range:
            self._rule.only_ends(logits, self._least, self._most)
        elif at_line_start:
            self._rule.no_heads_beyond(logits, self._least, self._most)
        else:
            self._rule.no_heads(logits)

    def take(self, token: int) -> None:
        """Note which token was drawn."""
        name = self._rule.end(token) if self._in_range else self._rule.head(token)
        if name is not None:
            self._least = name + 1
        self._in_range = self._rule.starts_range(token)
        self._begun = True
