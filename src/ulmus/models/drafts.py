"""Answers that grow line by line, and go back a line where nothing good can come any more.

Rejection sampling with short ways back: a line that cannot be is drawn again, what stands before
it stays, and of the lines that may follow each keeps its share. Scholak et al. 2021 (PICARD, arXiv
2109.05093) reject single tokens likewise. What is good, a `LineCheck` says.
"""

from __future__ import annotations

from ulmus.models.answers import Answer
from ulmus.records import LineCheck, Standing

LONGEST_LINE = 400
"""Characters after which a line is taken for one that will not end, as a model that repeats itself
writes it. The longest line of 4,235 walkers has 189."""


class Draft:
    """How much of one answer holds, and how often what comes next was drawn."""

    def __init__(self, check: LineCheck) -> None:
        """Begin an answer."""
        self._check = check
        self._left = check.attempts
        self._seen = 0
        self._held = 0
        self.times_back = 0
        """How often the answer went back."""

    def goes_back(self, answer: Answer) -> bool:
        """Cut an answer behind its last line that held if it must go back; tell whether it did.

        To be called after each token. Once a line was drawn so often as the check allows, it is
        kept as it is, and nothing is looked at behind it.
        """
        if not self._left:
            return False
        text = answer.text_so_far
        end = len(text) if answer.ended else text.rfind("\n") + 1
        standing: Standing
        if answer.ended or end > self._seen:
            standing = self._check.standing(text[:end], ended=answer.ended)
        elif len(text) - end > LONGEST_LINE:
            standing = "broken"
        else:
            return False
        self._seen = end
        if standing == "held":
            self._held, self._left = answer.num_tokens, self._check.attempts
        if standing != "broken":
            return False
        self._left -= 1
        if not self._left:
            return False
        self.times_back += 1
        answer.cut(self._held)
        self._seen = answer.text_so_far.rfind("\n") + 1
        return True
