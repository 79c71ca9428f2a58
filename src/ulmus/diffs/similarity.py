"""How similar two lines are, whatever their indentation."""

from __future__ import annotations

from difflib import SequenceMatcher

LONG_LINE = 400
"""Characters of two lines together; longer ones are compared by their common ends alone."""


class Similarity:
    """Compares one line with many."""

    def __init__(self, line: str) -> None:
        self.text = line.strip()
        self._letters = set(self.text)
        self._matcher = SequenceMatcher(None, "", self.text, False)

    def plausible(self, own: str, least: float) -> bool:
        """Tell whether a stripped line could be as similar, going by length and letters alone."""
        size, own_size = len(self.text), len(own)
        if 2 * min(size, own_size) < least * (size + own_size) and not own.startswith(self.text):
            return False
        return 2 * len(self._letters.intersection(own)) >= len(self._letters)

    def to(self, own: str) -> float:
        """Return the similarity to a stripped line, from 0 to 1."""
        if len(own) + len(self.text) > LONG_LINE:
            return _similarity_of_ends(own, self.text)
        self._matcher.set_seq1(own)
        return self._matcher.ratio()

    def is_head_of(self, own: str) -> bool:
        """Tell whether the line may be a stripped line that was cut off."""
        return len(self.text) >= 4 and own.startswith(self.text)


def _similarity_of_ends(own: str, text: str) -> float:
    """Return the share of two long lines that their common start and end make up."""
    shorter = min(len(own), len(text))
    head = next((i for i in range(shorter) if own[i] != text[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if own[-1 - i] != text[-1 - i]), rest)
    return 2 * (head + tail) / (len(own) + len(text))
