"""Rows of tokens: several texts side by side in one row, each of which sees only itself.

What texts have in common at their beginning, a prompt, may stand once for all of them. Packing is a
matter of room alone: loss and gradient are those of the texts one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One prompt and the edits that share it.

    Attributes:
        tokens: Prompt, then each edit with what is its own of the prompt.
        positions: Place of each token in the text that it belongs to; edits go on after the prompt.
        parts: 0 for the prompt, 1, 2, ... for the edits.
        sources: Places whose output is judged.
        targets: The tokens that should come out there.
        weights: How much each counts.
    """

    tokens: list[int]
    positions: list[int]
    parts: list[int]
    sources: list[int]
    targets: list[int]
    weights: list[float]


def packed(pairs: Sequence[tuple[list[int], list[int], float]], prompt_weight: float = 0.0) -> Row:
    """Pack (prompt, edit, weight) into one row; what the prompts have in common stands once.

    Each edit keeps at least the last token of its prompt, whose output is its first token.
    """
    common = _common([prompt[:-1] for prompt, _, _ in pairs])
    row = Row(list(pairs[0][0][:common]), list(range(common)), [0] * common, [], [], [])
    if prompt_weight:
        row.sources.extend(range(common - 1))
        row.targets.extend(row.tokens[1:common])
        row.weights.extend([prompt_weight] * (common - 1))
    for part, (prompt, target, weight) in enumerate(pairs, start=1):
        own = prompt[common:]
        first = len(row.tokens) + len(own) - 1
        row.sources.extend(range(first, first + len(target)))
        row.targets.extend(target)
        row.weights.extend([weight] * len(target))
        row.tokens.extend(own + target[:-1])
        row.positions.extend(range(common, common + len(own) + len(target) - 1))
        row.parts.extend([part] * (len(own) + len(target) - 1))
    return row


def _common(lists: Sequence[list[int]]) -> int:
    shortest = min(map(len, lists))
    for place in range(shortest):
        if any(tokens[place] != lists[0][place] for tokens in lists):
            return place
    return shortest
